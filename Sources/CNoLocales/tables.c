// An empty table in the format of ICU, in place of the 34 MB about locales that Foundation would bring along: only part of
// the program that scripts/build-portable makes, which asks for no locale. LOCALE_TABLES is the symbol that ICU reads.
#include "CNoLocales.h"

const struct LocaleTables LOCALE_TABLES __attribute__((aligned(16))) = {
    .headerSize = 32,
    .magic = { 0xda, 0x27 },
    .infoSize = 20,
    .unitSize = 2,
    .format = { 'T', 'o', 'C', 'P' },
    .version = { 1 },
};
