#pragma once

#include <memory>

#include "base/result.h"

struct hs_database;
struct hs_scratch;

namespace weir {

struct FreeHsDatabase {
  void operator()(hs_database* database) const;
};
struct FreeHsScratch {
  void operator()(hs_scratch* scratch) const;
};
using HsDatabase = std::unique_ptr<hs_database, FreeHsDatabase>;
using HsScratch = std::unique_ptr<hs_scratch, FreeHsScratch>;

/// Scratch space for one thread that serves this database; an existing one is grown.
Status grow_scratch(const HsDatabase& database, HsScratch& scratch);

}  // namespace weir
