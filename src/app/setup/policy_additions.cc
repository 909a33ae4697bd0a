#include "app/setup/policy_additions.h"

#include <iterator>
#include <utility>

#include "app/setup/report.h"
#include "config/policy/policy_reader.h"

namespace weir {

std::shared_ptr<const Policy> with_additions(const Policy* policy, const std::string& printed, const char* name,
                                             SecurityLevel base_level) {
  Diagnostics diagnostics;
  std::shared_ptr<const Policy> compiled;
  PolicySpec additions = read_policy_text(printed, name, diagnostics);
  PolicySpec whole = policy == nullptr ? PolicySpec{} : policy->spec();
  std::move(additions.routes.begin(), additions.routes.end(), std::back_inserter(whole.routes));
  std::move(additions.exclusions.begin(), additions.exclusions.end(), std::back_inserter(whole.exclusions));
  if (!has_errors(diagnostics))
    if (auto made = Policy::compile(std::move(whole), base_level, diagnostics)) compiled = std::move(*made);
  print_findings(diagnostics);
  return has_errors(diagnostics) ? nullptr : compiled;
}

}  // namespace weir
