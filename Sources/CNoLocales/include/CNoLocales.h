#pragma once
#include <stdint.h>

/// The header of an ICU data package, followed by a table of contents without an entry.
struct LocaleTables {
    uint16_t headerSize;
    uint8_t magic[2];
    uint16_t infoSize, reserved;
    uint8_t bigEndian, charset, unitSize, none;
    uint8_t format[4], version[4], dataVersion[4];
    uint8_t padding[8];
    uint32_t entryCount, unused;
    int32_t names[4];
};
