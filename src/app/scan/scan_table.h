#pragma once

#include <string>

#include "app/scan/scan_findings.h"
#include "app/scan/scan_report.h"
#include "app/terminal/terminal.h"

namespace weir {

/// What `weir scan` shows to people at the end: attacks by category, who made them, on what, the worst requests, and what could
/// not be read. Lines of at most `width` characters; text from requests is made safe to print.
std::string scan_table(const ScanFindings& findings, const ScanReport& report, const Palette& palette, size_t width);

/// A malicious request on one line, for input that comes while one looks on.
std::string attack_line(const RecordVerdict& verdict, const RuleSet& rules, const Palette& palette, size_t width);

}  // namespace weir
