#pragma once

#include "detect/program/rule_program.h"

namespace weir {

/// Fills in what follows from a program's conditions: which atoms a pattern has, which rules an atom touches, in which lists it
/// stands, and which rules may hold without a pattern.
void link_program(RuleProgram& program);

}  // namespace weir
