#include "config/policy/openapi_document.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/hex.h"
#include "yaml/yaml_reader.h"

namespace weir {
namespace {

constexpr int kDepthMax = 64;

YamlNode node_of(const nlohmann::ordered_json& json, int depth) {
  YamlNode node;
  if (depth > kDepthMax) return node;
  if (json.is_object()) {
    node.kind = YamlNode::Kind::kMap;
    for (const auto& [key, value] : json.items())
      node.entries.push_back({key, {}, node_of(value, depth + 1)});
  } else if (json.is_array()) {
    node.kind = YamlNode::Kind::kList;
    for (const auto& value : json)
      node.items.push_back(node_of(value, depth + 1));
  } else if (!json.is_null()) {
    node.kind = YamlNode::Kind::kScalar;
    node.quoted = json.is_string();
    node.text = json.is_string() ? json.get<std::string>() : json.dump();
  }
  return node;
}

/// A token of a JSON pointer in a URL's fragment (RFC 6901, 6).
std::string unescaped(std::string_view token) {
  std::string text;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '%' && i + 2 < token.size() && hex_number(token.data() + i + 1, 2) >= 0) {
      text.push_back(static_cast<char>(hex_number(token.data() + i + 1, 2)));
      i += 2;
    } else if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1')) {
      text.push_back(token[++i] == '0' ? '~' : '/');
    } else {
      text.push_back(token[i]);
    }
  }
  return text;
}

}  // namespace

OpenApiDocument::OpenApiDocument(const std::string& text, const std::string& file, Diagnostics& diagnostics)
    : file_(file) {
  const size_t start = text.find_first_not_of(" \t\r\n");
  if (start == std::string::npos || text[start] != '{') {
    root_ = read_yaml_map(text, file, diagnostics, {.depth_max = kDepthMax});
    return;
  }
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    diagnostics.push_back({Diagnostic::Severity::kError, file, 0, 0, "not valid JSON", ""});
    root_.kind = YamlNode::Kind::kMap;
    return;
  }
  root_ = node_of(json, 0);
}

const YamlNode* OpenApiDocument::resolved(const YamlNode& node) const {
  const YamlNode* at = &node;
  for (int i = 0; i < kReferencesMax && at != nullptr; ++i) {
    const YamlNode* reference = at->find("$ref");
    if (reference == nullptr) return at;
    if (!reference->text.starts_with("#")) return nullptr;
    at = at_pointer(std::string_view(reference->text).substr(1));
  }
  return nullptr;
}

const YamlNode* OpenApiDocument::at_pointer(std::string_view pointer) const {
  const YamlNode* at = &root_;
  while (!pointer.empty() && at != nullptr) {
    if (pointer.front() != '/') return nullptr;
    pointer.remove_prefix(1);
    const size_t end = std::min(pointer.find('/'), pointer.size());
    at = at->find(unescaped(pointer.substr(0, end)));
    pointer.remove_prefix(end);
  }
  return at;
}

std::string text_of(const YamlNode& node, std::string_view key) {
  const YamlNode* child = node.find(key);
  return child == nullptr || child->kind != YamlNode::Kind::kScalar ? std::string() : child->text;
}

}  // namespace weir
