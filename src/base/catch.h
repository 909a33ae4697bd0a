#pragma once

// Bridges Catch2 2.x (Debian 12) and 3.x (Debian 13, Ubuntu 24.04) for the unit tests.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using Catch::Approx;
#else
#include <catch2/catch.hpp>
#endif
