#include "config/policy/openapi_import.h"

#include <algorithm>
#include <array>
#include <set>

#include "config/policy/openapi_document.h"
#include "config/policy/openapi_schema.h"
#include "policy/policy.h"

namespace weir {
namespace {

constexpr std::array<std::string_view, 8> kMethods{"get", "put", "post", "delete", "options", "head", "patch", "trace"};

std::string upper(std::string_view text) {
  std::string result;
  for (const char c : text)
    result.push_back(c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
  return result;
}

bool is_json_type(std::string_view media_type) {
  const auto type = media_type.substr(0, media_type.find(';'));
  return type == "application/json" || type.ends_with("+json");
}

class Importer {
 public:
  Importer(const OpenApiDocument& document, Diagnostics& diagnostics)
      : document_(document), diagnostics_(diagnostics) {}

  PolicySpec run() {
    const std::string version = text_of(document_.root(), "openapi");
    if (!version.starts_with("3.")) {
      add(Diagnostic::Severity::kError, {}, "no OpenAPI 3 document",
          "the key 'openapi' names the version; convert Swagger 2 documents first");
      return {};
    }
    const std::string base = base_path();
    if (const YamlNode* paths = document_.root().find("paths")) {
      for (const auto& entry : paths->entries)
        if (entry.key.starts_with("/")) import_path(base, entry);
    }
    if (spec_.routes.empty()) warn({}, "the document describes no paths");
    return std::move(spec_);
  }

 private:
  void add(Diagnostic::Severity severity, FilePosition at, std::string message, std::string hint = {}) {
    diagnostics_.push_back({severity, document_.file(), at.line, at.column, std::move(message), std::move(hint)});
  }
  void warn(FilePosition at, std::string message) { add(Diagnostic::Severity::kWarning, at, std::move(message)); }

  /// The path of the first server; a host is not taken over, since documents often name another one than logs do.
  std::string base_path() {
    const YamlNode* servers = document_.root().find("servers");
    if (servers == nullptr || servers->items.empty()) return {};
    std::string url = text_of(servers->items.front(), "url");
    if (const size_t scheme = url.find("://"); scheme != std::string::npos) {
      const size_t path = url.find('/', scheme + 3);
      url = path == std::string::npos ? "" : url.substr(path);
    }
    if (url.find('{') != std::string::npos || (!url.empty() && url[0] != '/')) {
      warn(servers->position,
           "the first server's path '" + url + "' is not used: put it in front of the routes' paths");
      return {};
    }
    if (servers->items.size() > 1) warn(servers->position, "only the first server's path is used");
    while (url.ends_with('/'))
      url.pop_back();
    return url;
  }

  /// A template's path as a route's: segments that hold a parameter beside other text become a parameter as a whole.
  std::string pattern_of(const std::string& path, FilePosition at) {
    std::string pattern;
    widened_.clear();
    for (size_t begin = 1; begin <= path.size();) {
      const size_t end = std::min(path.find('/', begin), path.size());
      std::string segment = path.substr(begin, end - begin);
      begin = end + 1;
      if (segment.empty()) continue;
      const size_t open = segment.find('{');
      const bool whole = open == 0 && segment.find('}') == segment.size() - 1;
      if (open != std::string::npos && !whole) {
        warn(at, "the segment '" + segment + "' becomes a parameter as a whole");
        const size_t close = std::min(segment.find('}', open), segment.size());
        const std::string name = segment.substr(open + 1, close - open - 1);
        widened_.insert(name);
        segment = "{" + name + "}";
      }
      pattern += "/" + segment;
    }
    return pattern.empty() ? "/" : pattern;
  }

  void import_path(const std::string& base, const YamlNode::Entry& entry) {
    const YamlNode* item = document_.resolved(entry.value);
    if (item == nullptr) return warn(entry.position, "the reference of path '" + entry.key + "' cannot be followed");
    const std::string pattern = pattern_of(base + entry.key, entry.position);
    std::vector<std::string> described;
    for (const std::string_view method : kMethods) {
      const YamlNode* operation = item->find(method);
      if (operation == nullptr || spec_.routes.size() + 2 > Policy::kRoutesMax) continue;
      described.push_back(upper(method));
      import_operation(pattern, described.back(), *item, *operation, entry.position);
    }
    if (described.empty()) return;
    // What is not described is taken by a route of its own, which allows no other methods. Browsers ask with OPTIONS.
    RouteSpec others;
    others.path = pattern;
    others.name = pattern + " (other methods)";
    others.at = {document_.file(), entry.position.line, entry.position.column};
    for (const char* method : {"HEAD", "OPTIONS"})
      if (std::find(described.begin(), described.end(), method) == described.end()) described.emplace_back(method);
    others.settings.allowed_methods = std::move(described);
    spec_.routes.push_back(std::move(others));
  }

  void import_operation(const std::string& pattern, const std::string& method, const YamlNode& item,
                        const YamlNode& operation, FilePosition at) {
    RouteSpec route;
    route.path = pattern;
    route.methods = {method};
    route.at = {document_.file(), at.line, at.column};
    const std::string id = text_of(operation, "operationId");
    if (!id.empty() && names_.insert(id).second) route.name = id;
    // The operation's own parameters first: they replace the path's of the same name and place.
    for (const YamlNode* holder : {&operation, &item}) {
      const YamlNode* parameters = holder->find("parameters");
      if (parameters == nullptr) continue;
      for (const YamlNode& parameter : parameters->items)
        import_parameter(parameter, route);
    }
    if (const YamlNode* body = operation.find("requestBody")) import_body(*body, route);
    spec_.routes.push_back(std::move(route));
  }

  void import_parameter(const YamlNode& node, RouteSpec& route) {
    const YamlNode* parameter = document_.resolved(node);
    if (parameter == nullptr) return warn(node.position, "a parameter's reference cannot be followed");
    const std::string in = text_of(*parameter, "in");
    const Place place = in == "query"    ? Place::kQuery
                        : in == "header" ? Place::kHeader
                        : in == "path"   ? Place::kPath
                        : in == "cookie" ? Place::kCookie
                                         : Place::kCount;
    const std::string name = text_of(*parameter, "name");
    if (place == Place::kCount || name.empty()) return warn(node.position, "a parameter without name or place");
    // Accept, Content-Type and Authorization are described elsewhere (OpenAPI 3.0, Parameter Object).
    if (place == Place::kHeader && (name == "Accept" || name == "Content-Type" || name == "Authorization")) return;
    if (place == Place::kPath && route.path.find("{" + name + "}") == std::string::npos) return;
    // The segment is more than the parameter then.
    if (place == Place::kPath && widened_.contains(name)) return;
    const YamlNode* schema = parameter->find("schema");
    ValueForm form;
    if (schema != nullptr) form = form_of_parameter(*schema, text_of(*parameter, "explode"));
    const YamlNode* content = parameter->find("content");
    if (content != nullptr && !content->entries.empty() && is_json_type(content->entries.front().key))
      form.type = ValueType::kJson;
    const bool required = place != Place::kPath && text_of(*parameter, "required") == "true";
    add_parameter(name, place, form, required, route);
  }

  /// Lists in one value ("1,2,3") have no form that a policy can say; repeated ones have that of their elements.
  ValueForm form_of_parameter(const YamlNode& schema, const std::string& explode) {
    const YamlNode* at = document_.resolved(schema);
    if (at == nullptr || text_of(*at, "type") != "array") return form_of_schema(document_, schema);
    const YamlNode* items = at->find("items");
    return items == nullptr || explode == "false" ? ValueForm{} : form_of_schema(document_, *items);
  }

  void add_parameter(const std::string& name, Place place, const ValueForm& form, bool required, RouteSpec& route) {
    if (route.parameters.size() == Policy::kParametersMax) return;
    const bool known = std::any_of(route.parameters.begin(), route.parameters.end(), [&](const ParameterSpec& other) {
      return other.name == name && other.places == mask_of(place);
    });
    if (known) return;
    ParameterSpec parameter;
    parameter.name = name;
    parameter.places = mask_of(place);
    parameter.form = form;
    parameter.required = required;
    parameter.at = route.at;
    route.parameters.push_back(std::move(parameter));
  }

  void import_body(const YamlNode& node, RouteSpec& route) {
    const YamlNode* body = document_.resolved(node);
    if (body == nullptr) return warn(node.position, "a request body's reference cannot be followed");
    const YamlNode* content = body->find("content");
    if (content == nullptr || content->entries.empty()) return;
    const bool any_type = std::any_of(content->entries.begin(), content->entries.end(),
                                      [](const auto& entry) { return entry.key == "*/*"; });
    std::vector<std::string> types;
    for (const auto& media : content->entries) {
      types.push_back(media.key.substr(0, media.key.find(';')));
      import_media(media, content->entries.size() == 1 && !any_type, route);
    }
    if (!any_type) route.settings.content_types = std::move(types);
  }

  void import_media(const YamlNode::Entry& media, bool only_one, RouteSpec& route) {
    const bool json = is_json_type(media.key);
    const bool multipart = media.key.starts_with("multipart/");
    const bool form_encoded = media.key.starts_with("application/x-www-form-urlencoded");
    if (!json && !multipart && !form_encoded) return;
    if (json && only_one) {
      ValueForm whole;
      whole.type = ValueType::kJson;
      add_parameter("", Place::kBody, whole, false, route);
    }
    const YamlNode* schema = media.value.find("schema");
    if (schema == nullptr) return;
    const Place place = json ? Place::kJson : multipart ? Place::kMultipart : Place::kForm;
    each_property(document_, *schema, [&](const SchemaProperty& property) {
      ValueForm form = property.form;
      // Decoded lines hold one space for a run of them, so that a lower bound would be unjust.
      if (place != Place::kForm) form.length_min.reset();
      if (multipart && property.binary) {
        form = ValueForm{};
        form.type = ValueType::kFilename;
      }
      const bool plain_name = place == Place::kJson || property.name.find('[') == std::string::npos;
      if (plain_name) add_parameter(property.name, place, form, property.required && only_one, route);
    });
  }

  const OpenApiDocument& document_;
  Diagnostics& diagnostics_;
  PolicySpec spec_;
  std::set<std::string> names_;    ///< of routes
  std::set<std::string> widened_;  ///< parameters of the path at hand that became whole segments
};

}  // namespace

PolicySpec import_openapi(const std::string& text, const std::string& file, Diagnostics& diagnostics) {
  const OpenApiDocument document(text, file, diagnostics);
  if (has_errors(diagnostics)) return {};
  return Importer(document, diagnostics).run();
}

}  // namespace weir
