#include <algorithm>
#include <map>

#include "base/ascii.h"
#include "policy/policy.h"

namespace weir {

namespace {

template <typename T>
const T& first_set(const std::optional<T>& own, const std::optional<T>& defaults, const T& built_in) {
  return own ? *own : defaults ? *defaults : built_in;
}

}  // namespace

/// Turns a specification into a policy, and collects what is wrong with it.
class PolicyCompiler {
 public:
  PolicyCompiler(Policy& policy, SecurityLevel base_level, Diagnostics& diagnostics)
      : policy_(policy), base_level_(base_level), diagnostics_(diagnostics) {}

  bool run() {
    const PolicySpec& spec = policy_.spec_;
    if (spec.routes.size() > Policy::kRoutesMax) error({}, "more than 10,000 routes");
    if (spec.exclusions.size() > Policy::kExclusionsMax) error({}, "more than 10,000 exclusions");
    if (errors_ > 0) return false;
    add_route(RouteSpec{});
    for (const RouteSpec& route : spec.routes) {
      add_pattern(route);
      add_route(route);
    }
    for (size_t i = 0; i < spec.exclusions.size(); ++i)
      add_exclusion(spec.exclusions[i], static_cast<uint32_t>(i));
    policy_.use_ = std::make_unique<PolicyUse>(spec.exclusions.size(), policy_.routes_.size());
    return errors_ == 0;
  }

 private:
  void error(const SourceLine& at, std::string message, std::string hint = {}) {
    ++errors_;
    diagnostics_.push_back(
        {Diagnostic::Severity::kError, at.file, at.line, at.column, std::move(message), std::move(hint)});
  }

  void add_pattern(const RouteSpec& spec) {
    if (const auto added = policy_.table_.add({spec.methods, spec.host, spec.path}); !added)
      error(spec.at, "route '" + spec.display_name() + "': " + added.error().detail);
    const auto [earlier, is_new] = names_.emplace(spec.display_name(), policy_.routes_.size());
    if (!is_new)
      error(spec.at, "two routes are called '" + spec.display_name() + "'", "give one of them a name of its own");
  }

  void add_route(const RouteSpec& spec) {
    const RouteSettings &own = spec.settings, &defaults = policy_.spec_.defaults;
    Route route;
    if (!spec.path.empty()) route.name = spec.display_name();
    route.level = first_set(own.level, defaults.level, base_level_);
    route.url_bytes_max = first_set(own.url_bytes_max, defaults.url_bytes_max, PolicySpec::kUrlBytesMax);
    route.request_bytes_max =
        first_set(own.request_bytes_max, defaults.request_bytes_max, PolicySpec::kRequestBytesMax);
    route.allowed_methods = first_set(own.allowed_methods, defaults.allowed_methods, {});
    route.content_types = first_set(own.content_types, defaults.content_types, {});
    std::transform(route.content_types.begin(), route.content_types.end(), route.content_types.begin(), lower_case);
    route.csrf = own.csrf ? own.csrf : defaults.csrf;
    if (route.csrf) route.csrf->token_header = lower_case(route.csrf->token_header);
    route.admin = spec.admin;
    route.response_headers = first_set(own.response_headers, defaults.response_headers, true);
    route.alert = first_set(own.alert, defaults.alert, Level::kInformational);
    route.unknown_parameters = first_set(own.unknown_parameters, defaults.unknown_parameters, true);
    add_parameters(spec, route);
    levels_of(route);
    policy_.routes_.push_back(std::move(route));
  }

  void add_parameters(const RouteSpec& spec, Route& route) {
    if (spec.parameters.size() > Policy::kParametersMax) error(spec.at, "more than 256 parameters on one route");
    if (const auto segments = parse_path_pattern(spec.path); segments) {
      for (const auto& segment : *segments)
        route.path_names.push_back(segment.starts_with('{') ? segment.substr(1, segment.size() - 2) : "");
    }
    route.checks_values = !route.unknown_parameters;
    for (ParameterSpec parameter : spec.parameters) {
      if ((parameter.places & mask_of(Place::kHeader)) != 0) parameter.name = lower_case(parameter.name);
      const bool in_path = (parameter.places & mask_of(Place::kPath)) != 0;
      if (in_path &&
          std::find(route.path_names.begin(), route.path_names.end(), parameter.name) == route.path_names.end())
        error(parameter.at, "the path has no segment {" + parameter.name + "}");
      const bool twice = std::any_of(route.parameters.begin(), route.parameters.end(), [&](const ParameterSpec& other) {
        return other.name == parameter.name && (other.places & parameter.places) != 0;
      });
      if (twice) error(parameter.at, "the parameter '" + parameter.name + "' stands twice in one place");
      if (parameter.level) route.level_places |= parameter.places;
      route.requires_values = route.requires_values || parameter.required;
      const bool has_form =
          parameter.form.type != ValueType::kAny || parameter.form.length_min || parameter.form.length_max;
      if (has_form || parameter.required) {
        route.checks_values = true;
        route.checked_places |= parameter.places;
      }
      route.parameters.push_back(std::move(parameter));
    }
    std::stable_sort(route.parameters.begin(), route.parameters.end(),
                     [](const ParameterSpec& a, const ParameterSpec& b) { return a.name < b.name; });
  }

  void levels_of(const Route& route) {
    const auto add = [&](SecurityLevel level) {
      policy_.levels_ = static_cast<uint8_t>(policy_.levels_ | 1U << static_cast<unsigned>(level));
    };
    add(route.level);
    for (const auto& parameter : route.parameters)
      if (parameter.level) add(*parameter.level);
  }

  void add_exclusion(const ExclusionSpec& exclusion, uint32_t index) {
    policy_.needs_client_ = policy_.needs_client_ || !exclusion.clients.ids.empty();
    if (exclusion.route.empty()) {
      for (Route& route : policy_.routes_)
        route.exclusions.push_back(index);
      return;
    }
    const auto named = names_.find(exclusion.route);
    if (named == names_.end()) {
      error(exclusion.at, "there is no route '" + exclusion.route + "'",
            "a route without a name is called by its methods and path, as in 'POST /login'");
      return;
    }
    policy_.routes_[named->second].exclusions.push_back(index);
  }

  Policy& policy_;
  SecurityLevel base_level_;
  Diagnostics& diagnostics_;
  std::map<std::string, size_t> names_;
  size_t errors_ = 0;
};

Result<std::shared_ptr<const Policy>> Policy::compile(PolicySpec spec, SecurityLevel base_level,
                                                      Diagnostics& diagnostics) {
  std::shared_ptr<Policy> policy(new Policy(std::move(spec)));
  if (!PolicyCompiler(*policy, base_level, diagnostics).run())
    return fail(ErrorCode::kInvalidArgument, "policy", "the policy has errors");
  return std::shared_ptr<const Policy>(std::move(policy));
}

}  // namespace weir
