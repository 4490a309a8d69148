#include "boundary.hpp"
