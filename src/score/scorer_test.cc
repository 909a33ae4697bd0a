#include "base/catch.h"
