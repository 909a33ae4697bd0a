#include "detect/program/hs_handles.h"

#include <hs/hs.h>

#include <string>

namespace weir {

void FreeHsDatabase::operator()(hs_database* database) const {
  hs_free_database(database);
}
void FreeHsScratch::operator()(hs_scratch* scratch) const {
  hs_free_scratch(scratch);
}

Status grow_scratch(const HsDatabase& database, HsScratch& scratch) {
  hs_scratch_t* raw = scratch.release();
  const hs_error_t code = hs_alloc_scratch(database.get(), &raw);
  scratch.reset(raw);
  if (code != HS_SUCCESS)
    return fail(ErrorCode::kInternal, "detect",
                "no scratch space for the pattern database (code " + std::to_string(code) + ")");
  return {};
}

}  // namespace weir
