#pragma once
#include <CBoundary.h>
