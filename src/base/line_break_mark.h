#pragma once

namespace weir {

/// Stands for a line break on decoded lines that keep the beginnings of a text's lines, and in the expressions that ask for one;
/// on all other lines breaks are spaces. The record separator of ASCII, which no decoded line has otherwise.
constexpr char kLineBreakMark = '\x1e';

}  // namespace weir
