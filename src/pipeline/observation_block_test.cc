#include "pipeline/observation_block.h"

#include "base/catch.h"
