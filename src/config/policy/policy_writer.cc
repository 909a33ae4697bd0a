#include "config/policy/policy_writer.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "config/policy/policy_reader.h"

namespace weir {
namespace {

/// Text in double quotes: JSON's quoting is YAML's too.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string list = "[";
  for (const auto& text : texts)
    list += (list.size() == 1 ? "" : ", ") + quoted(text);
  return list + "]";
}

std::string number_text(double number) {
  const bool whole = std::floor(number) == number && std::abs(number) < 1e15;
  return whole ? std::to_string(static_cast<int64_t>(number)) : nlohmann::json(number).dump();
}

/// Lines of "key: value", the first of a list item behind "- ".
class Lines {
 public:
  Lines(std::string& out, size_t indent) : out_(out), indent_(indent) {}

  void line(const std::string& key, const std::string& value) {
    out_ += std::string(indent_, ' ') + (item_ ? "- " : "") + key + ":" + (value.empty() ? "" : " ") + value + "\n";
    if (item_) indent_ += 2;
    item_ = false;
  }
  /// A line with a note behind it.
  void line(const std::string& key, const std::string& value, const std::string& note) {
    line(key, note.empty() ? value : value + "  # " + note);
  }
  void text(const std::string& key, const std::string& value) {
    if (!value.empty()) line(key, quoted(value));
  }
  void texts(const std::string& key, const std::vector<std::string>& values) {
    if (!values.empty()) line(key, list_of(values));
  }
  template <typename Value, typename Print>
  void optional(const std::string& key, const std::optional<Value>& value, Print print) {
    if (value) line(key, print(*value));
  }
  /// The lines of one item of a list below the key last written.
  [[nodiscard]] Lines item() const {
    Lines lines(out_, indent_ + 2);
    lines.item_ = true;
    return lines;
  }
  [[nodiscard]] Lines below() const { return {out_, indent_ + 2}; }

 private:
  std::string& out_;
  size_t indent_;
  bool item_ = false;
};

std::string truth(bool value) {
  return value ? "true" : "false";
}
std::string level_text(SecurityLevel level) {
  return std::string(to_string(level));
}

void print_csrf(const CsrfSpec& csrf, Lines lines) {
  lines.line("check_origin", truth(csrf.check_origin));
  if (csrf.origin_required) lines.line("origin_required", "true");
  lines.texts("trusted_origins", csrf.trusted_origins);
  lines.text("token_header", csrf.token_header);
}

void print_settings(const RouteSettings& settings, Lines& lines) {
  const auto number = [](auto value) { return std::to_string(value); };
  lines.optional("level", settings.level, level_text);
  lines.optional("url_bytes_max", settings.url_bytes_max, number);
  lines.optional("request_bytes_max", settings.request_bytes_max, number);
  lines.optional("allowed_methods", settings.allowed_methods, list_of);
  lines.optional("content_types", settings.content_types, list_of);
  if (settings.csrf) {
    lines.line("csrf", "");
    print_csrf(*settings.csrf, lines.below());
  }
  lines.optional("response_headers", settings.response_headers, truth);
  lines.optional("alert", settings.alert, [](Level level) {
    return level == Level::kInformational ? std::string("none") : std::string(to_string(level));
  });
  lines.optional("unknown_parameters", settings.unknown_parameters,
                 [](bool allowed) { return std::string(allowed ? "allow" : "report"); });
}

void print_parameter(const ParameterSpec& parameter, Lines lines) {
  const ValueForm& form = parameter.form;
  const auto number = [](auto value) { return std::to_string(value); };
  if (parameter.name.empty()) {
    lines.line("in", "[body]", parameter.note);
  } else {
    lines.line("name", quoted(parameter.name), parameter.note);
    lines.line("in", "[" + names_of_places(parameter.places) + "]");
  }
  if (form.type != ValueType::kAny) lines.line("type", std::string(to_string(form.type)));
  lines.optional("level", parameter.level, level_text);
  if (parameter.required) lines.line("required", "true");
  lines.optional("min_length", form.length_min, number);
  lines.optional("max_length", form.length_max, number);
  lines.optional("min", form.min, number_text);
  lines.optional("max", form.max, number_text);
  lines.optional("special_characters", form.special_characters, quoted);
  lines.texts("schemes", form.schemes);
  if (form.relative) lines.line("relative", "true");
  if (form.type == ValueType::kJson) {
    lines.line("depth_max", number(form.depth_max));
    lines.line("keys_max", number(form.keys_max));
  }
  lines.texts("values", form.values);
}

void print_route(const RouteSpec& route, Lines lines) {
  lines.line("path", quoted(route.path), route.note);
  lines.text("name", route.name);
  lines.texts("methods", route.methods);
  lines.text("host", route.host);
  print_settings(route.settings, lines);
  if (route.admin) lines.line("admin_clients", list_of(route.admin->as_written));
  if (route.parameters.empty()) return;
  lines.line("parameters", "");
  for (const auto& parameter : route.parameters)
    print_parameter(parameter, lines.item());
}

void print_exclusion(const ExclusionSpec& exclusion, Lines lines) {
  lines.texts("rules", exclusion.rules);
  lines.text("route", exclusion.route);
  lines.text("parameter", exclusion.parameter);
  if (exclusion.places != 0) lines.line("in", "[" + names_of_places(exclusion.places) + "]");
  lines.texts("clients", exclusion.clients.as_written);
  lines.text("comment", exclusion.comment);
  if (exclusion.expires) lines.line("expires", last_day_before(*exclusion.expires));
}

}  // namespace

std::string print_policy(const PolicySpec& spec, size_t indent) {
  std::string out;
  Lines lines(out, indent);
  std::string defaults;
  Lines default_lines(defaults, indent + 2);
  print_settings(spec.defaults, default_lines);
  if (!defaults.empty()) {
    lines.line("defaults", "");
    out += defaults;
  }
  if (spec.weights != default_policy_weights()) {
    lines.line("weights", "");
    for (size_t i = 0; i < kPolicyRules; ++i)
      lines.below().line(std::string(info_of(static_cast<PolicyRule>(i)).option), std::to_string(spec.weights[i]));
  }
  lines.line("routes", spec.routes.empty() ? "[]" : "");
  for (const auto& route : spec.routes)
    print_route(route, lines.item());
  if (!spec.exclusions.empty()) lines.line("exclusions", "");
  for (const auto& exclusion : spec.exclusions)
    print_exclusion(exclusion, lines.item());
  return out;
}

}  // namespace weir
