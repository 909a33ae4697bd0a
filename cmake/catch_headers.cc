// A source for CMake to compile cmake/catch_headers.h for: it makes precompiled headers only for targets that use them.
