#pragma once

#include <cstddef>
#include <string>

#include "app/alerts/alert_view.h"
#include "app/terminal/terminal.h"

namespace weir {

/// One line of at most `width` characters: time, severity, phase, client, what it was, and the beginning of the id.
std::string alert_line(const AlertView& alert, const Palette& palette, size_t width);

/// All that the alert says, for a person who has to decide: who, what was asked for, why it is an attack, each hit with its
/// decoded text and how that was decoded. Ends with an empty line.
std::string alert_screen(const AlertView& alert, const Palette& palette);

}  // namespace weir
