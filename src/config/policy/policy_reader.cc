#include "config/policy/policy_reader.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <span>

#include "config/policy/policy_fields.h"
#include "policy/types/json_type.h"
#include "policy/types/url_type.h"
#include "yaml/yaml_reader.h"

namespace weir {
namespace {

constexpr size_t kFileBytesMax = 16 << 20;
constexpr size_t kFilesMax = 256;
constexpr Bounds kBytes{1, int64_t{1} << 40};
constexpr Bounds kUrlBytes{16, 1 << 20};
constexpr Bounds kLength{0, 1 << 30};
constexpr Bounds kWeight{0, 1'000};

constexpr std::array<std::string_view, 2> kUnknownNames{"report", "allow"};
/// In the order of Level; none stands for informational.
constexpr std::array<std::string_view, 4> kAlertNames{"none", "low", "medium", "high"};
/// Those of parameters first; then what only an exclusion can name.
constexpr std::array kPlaces{Place::kQuery,   Place::kForm, Place::kJson,       Place::kMultipart, Place::kCookie,
                             Place::kHeader,  Place::kPath, Place::kBody,       Place::kXml,       Place::kUserAgent,
                             Place::kReferer, Place::kHost, Place::kXmlDocument};
constexpr size_t kParameterPlacesCount = 8;
constexpr auto kPlaceNames = [] {
  std::array<std::string_view, kPlaces.size()> names;
  std::transform(kPlaces.begin(), kPlaces.end(), names.begin(), [](Place place) { return to_string(place); });
  return names;
}();
constexpr PlaceMask kDefaultPlaces =
    mask_of(Place::kQuery) | mask_of(Place::kForm) | mask_of(Place::kJson) | mask_of(Place::kMultipart);

/// A setter of one member of any type by one of the readers of PolicyFields.
template <typename Member, typename Read>
auto into(Member& member, Read read) {
  return [&member, read](const YamlNode& value, const Origin& at) {
    if (auto got = read(value, at)) member = static_cast<std::remove_cvref_t<decltype(*got)>>(std::move(*got));
  };
}

/// Reads the parts of one file.
class PolicyReader {
 public:
  PolicyReader(const std::string& file, Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics), findings_(diagnostics), fields_(file, findings_) {}

  enum class FurtherFiles : uint8_t { kRefused, kRead };
  void read(const YamlNode& node, PolicySpec& spec, FurtherFiles further) {
    std::vector<std::string> files;
    const auto read_files = [&](const YamlNode& value, const Origin& at) {
      if (further == FurtherFiles::kRefused) return fields_.error(at, "a policy file names no further files");
      if (auto list = fields_.texts(value, at)) files = std::move(*list);
      if (files.size() > kFilesMax) fields_.error(at, "more than 256 policy files");
      files_at_ = at;
    };
    fields_.read_map(node, fields_.origin_of(node), "the policy",
                     {{"files", read_files},
                      {"defaults", [&](auto& value, auto& at) { read_settings_once(value, at, spec); }},
                      {"weights", [&](auto& value, auto& at) { read_weights(value, at, spec); }},
                      {"routes", [&](auto& value, auto& at) { read_routes(value, at, spec); }},
                      {"allow", [&](auto& value, auto& at) { read_allow_list(value, at, spec); }},
                      {"exclusions", [&](auto& value, auto& at) { read_exclusions(value, at, spec); }}});
    for (const auto& name : files) {
      const auto path = std::filesystem::path(file_).parent_path() / name;
      spec.files.push_back(path.string());
      const auto text = read_whole_file(path.string(), kFileBytesMax);
      if (!text) {
        fields_.error(files_at_, text.error().detail);
        continue;
      }
      const YamlNode root = read_yaml_map(*text, path.string(), diagnostics_);
      PolicyReader(path.string(), diagnostics_).read(root, spec, FurtherFiles::kRefused);
    }
  }

 private:
  template <typename Value>
  auto as(std::optional<Value> (PolicyFields::*reader)(const YamlNode&, const Origin&)) {
    return [this, reader](const YamlNode& value, const Origin& at) { return (fields_.*reader)(value, at); };
  }
  auto as_text() { return as(&PolicyFields::text); }
  auto as_texts() { return as(&PolicyFields::texts); }
  auto as_truth() { return as(&PolicyFields::truth); }
  auto as_level() { return as(&PolicyFields::level); }
  auto as_number() { return as(&PolicyFields::number); }
  auto as_clients() { return as(&PolicyFields::clients); }
  template <typename Integer = uint32_t>
  auto as_count(Bounds bounds) {
    return [this, bounds](const YamlNode& value, const Origin& at) -> std::optional<Integer> {
      const auto count = fields_.count(value, at, bounds);
      return count ? std::optional<Integer>(static_cast<Integer>(*count)) : std::nullopt;
    };
  }

  void read_settings_once(const YamlNode& node, const Origin& at, PolicySpec& spec) {
    const RouteSettings& known = spec.defaults;
    if (known.level || known.url_bytes_max || known.request_bytes_max || known.allowed_methods || known.content_types ||
        known.csrf || known.response_headers || known.alert || known.unknown_parameters)
      fields_.error(at, "another file has defaults already", "one of them only");
    fields_.read_map(node, at, "defaults", fields_of(spec.defaults));
  }

  /// What routes and the defaults may both say.
  std::vector<PolicyField> fields_of(RouteSettings& settings) {
    return {{"level", into(settings.level, as_level())},
            {"url_bytes_max", into(settings.url_bytes_max, as_count(kUrlBytes))},
            {"request_bytes_max", into(settings.request_bytes_max, as_count<uint64_t>(kBytes))},
            {"allowed_methods", into(settings.allowed_methods, as_texts())},
            {"content_types", into(settings.content_types, as_texts())},
            {"csrf", [this, &settings](auto& value, auto& at) { read_csrf(value, at, settings.csrf); }},
            {"response_headers", into(settings.response_headers, as_truth())},
            {"alert", [this, &settings](auto& value, auto& at) { read_alert(value, at, settings); }},
            {"unknown_parameters", [this, &settings](auto& value, auto& at) { read_unknown(value, at, settings); }}};
  }

  void read_alert(const YamlNode& node, const Origin& at, RouteSettings& settings) {
    if (const auto index = fields_.choice(node, at, kAlertNames)) settings.alert = static_cast<Level>(*index);
  }

  void read_unknown(const YamlNode& node, const Origin& at, RouteSettings& settings) {
    if (const auto index = fields_.choice(node, at, kUnknownNames)) settings.unknown_parameters = *index == 1;
  }

  void read_csrf(const YamlNode& node, const Origin& at, std::optional<CsrfSpec>& out) {
    CsrfSpec csrf;
    if (node.kind == YamlNode::Kind::kScalar) {
      if (const auto on = fields_.truth(node, at)) csrf.check_origin = *on;
    } else {
      fields_.read_map(node, at, "csrf",
                       {{"check_origin", into(csrf.check_origin, as_truth())},
                        {"origin_required", into(csrf.origin_required, as_truth())},
                        {"trusted_origins", into(csrf.trusted_origins, as_texts())},
                        {"token_header", into(csrf.token_header, as_text())}});
    }
    for (const auto& origin : csrf.trusted_origins) {
      if (origin.find_first_of("/:") != std::string::npos)
        fields_.error(at, "'" + origin + "' is no host",
                      "write shop.example.com or *.example.com, without scheme and port");
    }
    out = std::move(csrf);
  }

  void read_weights(const YamlNode& node, const Origin& at, PolicySpec& spec) {
    const auto weight = [&](PolicyRule rule) {
      return PolicyField{info_of(rule).option, into(spec.weights[static_cast<size_t>(rule)], as_count<int>(kWeight))};
    };
    fields_.read_map(
        node, at, "weights",
        {weight(PolicyRule::kUrlLength), weight(PolicyRule::kRequestSize), weight(PolicyRule::kContentType),
         weight(PolicyRule::kMethod), weight(PolicyRule::kParameterType), weight(PolicyRule::kParameterMissing),
         weight(PolicyRule::kParameterUnknown), weight(PolicyRule::kAdmin), weight(PolicyRule::kCsrf)});
  }

  /// A list of things that know where they were written.
  template <typename Item>
  void read_items(const YamlNode& node, const Origin& at, std::string_view what, std::vector<Item>& items,
                  const std::function<void(const YamlNode&, const Origin&, Item&)>& read) {
    fields_.read_list(node, at, what, [&](const YamlNode& written, const Origin& here) {
      Item item;
      item.at = PolicyFields::line_of(here);
      read(written, here, item);
      items.push_back(std::move(item));
    });
  }

  void read_routes(const YamlNode& node, const Origin& at, PolicySpec& spec) {
    read_items<RouteSpec>(node, at, "routes", spec.routes,
                          [&](auto& item, auto& here, auto& route) { read_route(item, here, route); });
  }

  void read_route(const YamlNode& node, const Origin& at, RouteSpec& route) {
    std::vector<PolicyField> fields = {
        {"name", into(route.name, as_text())},
        {"methods", into(route.methods, as_texts())},
        {"host", into(route.host, as_text())},
        {"path", into(route.path, as_text())},
        {"admin_clients", into(route.admin, as_clients())},
        {"parameters", [&](auto& value, auto& here) { read_parameters(value, here, route); }}};
    for (PolicyField& shared : fields_of(route.settings))
      fields.push_back(std::move(shared));
    fields_.read_map(node, at, "a route", fields);
    if (node.kind == YamlNode::Kind::kMap && route.path.empty())
      fields_.error(at, "a route without a path", "for example path: /users/{id}, or /** for every path");
  }

  void read_parameters(const YamlNode& node, const Origin& at, RouteSpec& route) {
    read_items<ParameterSpec>(node, at, "parameters", route.parameters,
                              [&](auto& item, auto& here, auto& parameter) { read_parameter(item, here, parameter); });
  }

  void read_parameter(const YamlNode& node, const Origin& at, ParameterSpec& parameter) {
    ValueForm& form = parameter.form;
    parameter.places = kDefaultPlaces;
    fields_.read_map(node, at, "a parameter",
                     {{"name", into(parameter.name, as_text())},
                      {"in",
                       [&](auto& value, auto& here) {
                         read_places(value, here, std::span(kPlaceNames).first(kParameterPlacesCount),
                                     parameter.places);
                       }},
                      {"type", [&](auto& value, auto& here) { read_type(value, here, form); }},
                      {"level", into(parameter.level, as_level())},
                      {"required", into(parameter.required, as_truth())},
                      {"min_length", into(form.length_min, as_count(kLength))},
                      {"max_length", into(form.length_max, as_count(kLength))},
                      {"min", into(form.min, as_number())},
                      {"max", into(form.max, as_number())},
                      {"special_characters", into(form.special_characters, as_text())},
                      {"schemes", into(form.schemes, as_texts())},
                      {"relative", into(form.relative, as_truth())},
                      {"depth_max", into(form.depth_max, as_count({1, kJsonDepthMax}))},
                      {"keys_max", into(form.keys_max, as_count({0, 1 << 20}))},
                      {"values", into(form.values, as_texts())}});
    check_parameter(at, parameter);
  }

  void check_parameter(const Origin& at, const ParameterSpec& parameter) {
    const ValueForm& form = parameter.form;
    const bool is_body = parameter.places == mask_of(Place::kBody);
    if (parameter.name.empty() != is_body)
      fields_.error(at, is_body ? "the body as a whole has no name" : "a parameter without a name");
    if (form.length_min && form.length_max && *form.length_min > *form.length_max)
      fields_.error(at, "min_length is above max_length");
    if (form.min && form.max && *form.min > *form.max) fields_.error(at, "min is above max");
    const auto only_for = [&](bool given, std::string_view key, bool fits) {
      if (given && !fits)
        fields_.error(at, std::string(key) + " does not go with type " + std::string(to_string(form.type)));
    };
    only_for(form.min || form.max, "min or max", form.type == ValueType::kInteger || form.type == ValueType::kNumber);
    only_for(form.special_characters.has_value(), "special_characters", form.type == ValueType::kString);
    only_for(!form.schemes.empty(), "schemes", form.type == ValueType::kUrl);
    only_for(form.relative, "relative", form.type == ValueType::kUrl);
    only_for(!form.values.empty(), "values", form.type == ValueType::kEnum);
    if (form.type == ValueType::kEnum && form.values.empty()) fields_.error(at, "type enum needs values");
    for (const auto& scheme : form.schemes)
      if (is_dangerous_scheme(scheme)) fields_.error(at, "the scheme '" + scheme + "' is never allowed");
  }

  /// `names`: those of kPlaces that may stand here.
  void read_places(const YamlNode& node, const Origin& at, std::span<const std::string_view> names, PlaceMask& places) {
    places = 0;
    const auto add = [&](const YamlNode& item, const Origin& here) {
      if (const auto index = fields_.choice(item, here, names)) places |= mask_of(kPlaces[*index]);
    };
    if (node.kind == YamlNode::Kind::kScalar) return add(node, at);
    fields_.read_list(node, at, "in", add);
  }

  void read_type(const YamlNode& node, const Origin& at, ValueForm& form) {
    if (const auto index = fields_.choice(node, at, kNamesOf<ValueType>)) form.type = static_cast<ValueType>(*index);
  }

  void read_exclusions(const YamlNode& node, const Origin& at, PolicySpec& spec) {
    read_items<ExclusionSpec>(node, at, "exclusions", spec.exclusions, [&](auto& item, auto& here, auto& exclusion) {
      read_exclusion(item, here, exclusion);
      require_comment(here, exclusion);
    });
  }

  void read_allow_list(const YamlNode& node, const Origin& at, PolicySpec& spec) {
    read_items<ExclusionSpec>(node, at, "allow", spec.exclusions, [&](auto& item, auto& here, auto& exclusion) {
      read_allowed(item, here, exclusion);
      require_comment(here, exclusion);
    });
  }

  void require_comment(const Origin& at, const ExclusionSpec& exclusion) {
    if (exclusion.comment.empty()) fields_.error(at, "a comment is missing", "say who needs this and why");
  }

  void read_allowed(const YamlNode& node, const Origin& at, ExclusionSpec& exclusion) {
    exclusion.rules = {"*"};
    fields_.read_map(node, at, "an entry of allow",
                     {{"clients", into(exclusion.clients, as_clients())},
                      {"route", into(exclusion.route, as_text())},
                      {"comment", into(exclusion.comment, as_text())},
                      {"expires", [&](auto& value, auto& here) { read_date(value, here, exclusion); }}});
    if (exclusion.clients.empty()) fields_.error(at, "an entry of allow names its clients");
  }

  void read_exclusion(const YamlNode& node, const Origin& at, ExclusionSpec& exclusion) {
    fields_.read_map(node, at, "an exclusion",
                     {{"rules", into(exclusion.rules, as_texts())},
                      {"route", into(exclusion.route, as_text())},
                      {"parameter", into(exclusion.parameter, as_text())},
                      {"in", [&](auto& value, auto& here) { read_places(value, here, kPlaceNames, exclusion.places); }},
                      {"clients", into(exclusion.clients, as_clients())},
                      {"comment", into(exclusion.comment, as_text())},
                      {"expires", [&](auto& value, auto& here) { read_date(value, here, exclusion); }}});
    if (exclusion.rules.empty()) fields_.error(at, "an exclusion names its rules", "ids, or '*' for every rule");
    const bool every_rule = std::find(exclusion.rules.begin(), exclusion.rules.end(), "*") != exclusion.rules.end();
    if (every_rule && exclusion.route.empty() && exclusion.parameter.empty() && exclusion.clients.empty())
      fields_.error(at, "this would exclude every rule everywhere", "name a route, a parameter or clients");
  }

  void read_date(const YamlNode& node, const Origin& at, ExclusionSpec& exclusion) {
    const auto text = fields_.text(node, at);
    if (!text) return;
    exclusion.expires = end_of_day(*text);
    if (!exclusion.expires)
      fields_.error(at, "'" + *text + "' is no date", "the last day it holds (UTC), as in 2026-12-31");
  }

  const std::string& file_;
  Diagnostics& diagnostics_;
  Findings findings_;
  PolicyFields fields_;
  Origin files_at_;
};

}  // namespace

PolicySpec read_policy(const YamlNode& section, const std::string& file, Diagnostics& diagnostics) {
  PolicySpec spec;
  PolicyReader(file, diagnostics).read(section, spec, PolicyReader::FurtherFiles::kRead);
  return spec;
}

PolicySpec read_policy_text(const std::string& yaml, const std::string& file, Diagnostics& diagnostics) {
  const YamlNode root = read_yaml_map(yaml, file, diagnostics);
  for (const auto& entry : root.entries)
    if (entry.key == "policy") return read_policy(entry.value, file, diagnostics);
  PolicySpec spec;
  PolicyReader(file, diagnostics).read(root, spec, PolicyReader::FurtherFiles::kRefused);
  return spec;
}

Result<PolicySpec> read_policy_file(const std::string& path, Diagnostics& diagnostics) {
  const auto text = read_whole_file(path, kFileBytesMax);
  if (!text) {
    diagnostics.push_back({Diagnostic::Severity::kError, path, 0, 0, text.error().detail, ""});
    return tl::unexpected(text.error());
  }
  return read_policy_text(*text, path, diagnostics);
}

Result<std::string> read_whole_file(const std::string& path, size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::kIo, "config", path + " cannot be opened");
  std::string content;
  std::array<char, 1 << 14> piece;
  while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
    content.append(piece.data(), static_cast<size_t>(file.gcount()));
    if (content.size() > bytes_max)
      return fail(ErrorCode::kLimit, "config", path + " is larger than " + std::to_string(bytes_max >> 20) + " MiB");
  }
  if (file.bad()) return fail(ErrorCode::kIo, "config", path + " cannot be read");
  return content;
}

std::string names_of_places(PlaceMask places) {
  std::string text;
  for (size_t i = 0; i < kPlaces.size(); ++i)
    if ((places & mask_of(kPlaces[i])) != 0) text += (text.empty() ? "" : ", ") + std::string(kPlaceNames[i]);
  return text;
}

}  // namespace weir
