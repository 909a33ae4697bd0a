#include "rules/rule_archive.h"

#include <bit>
#include <concepts>
#include <map>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/binary_format.h"

namespace weir {
namespace {

// The fields of every structure, for both directions. A structured binding names all of them, so that one that is added and not
// packed does not compile.

template <typename T, typename U>
concept Is = std::same_as<std::remove_const_t<T>, U>;

void fields(auto& archive, Is<StringPart> auto& x) {
  auto& [kind, text] = x;
  archive(kind, text);
}
void fields(auto& archive, Is<StringValue> auto& x) {
  auto& [parts] = x;
  archive(parts);
}
void fields(auto& archive, Is<RegexValue> auto& x) {
  auto& [pattern, ignore_case, multi_line, dot_all] = x;
  archive(pattern, ignore_case, multi_line, dot_all);
}
void fields(auto& archive, Is<NumberValue> auto& x) {
  auto& [number, text] = x;
  archive(number, text);
}
void fields(auto&, Is<NullValue> auto&) {}
void fields(auto& archive, Is<CidrValue> auto& x) {
  auto& [network] = x;
  archive(network);
}
void fields(auto& archive, Is<FieldRefValue> auto& x) {
  auto& [field, open_front, open_back] = x;
  archive(field, open_front, open_back);
}
void fields(auto& archive, Is<ExistsValue> auto& x) {
  auto& [exists] = x;
  archive(exists);
}
void fields(auto& archive, Is<DetectionItem> auto& x) {
  auto& [field, comparison, cased, values, line] = x;
  archive(field, comparison, cased, values, line);
}
void fields(auto& archive, Is<DetectionMap> auto& x) {
  auto& [items] = x;
  archive(items);
}
void fields(auto& archive, Is<Selection> auto& x) {
  auto& [name, alternatives, line, of_filter] = x;
  archive(name, alternatives, line, of_filter);
}
void fields(auto& archive, Is<ConditionNode> auto& x) {
  auto& [kind, selection, count, children] = x;
  archive(kind, selection, count, children);
}
void fields(auto& archive, Is<RuleExample> auto& x) {
  auto& [record_json, line] = x;
  archive(record_json, line);
}
void fields(auto& archive, Is<Rule> auto& x) {
  auto& [id, title, description, status, author, date, name, level, references, tags, false_positives, category_name,
         product, service, selections, conditions, ours, category, weight, security_level, confirmation, supporting,
         specificity, remediation, positive_examples, negative_examples, file, line] = x;
  archive(id, title, description, status, author, date, name, level, references, tags, false_positives, category_name,
          product, service, selections, conditions, ours, category, weight, security_level, confirmation, supporting,
          specificity, remediation, positive_examples, negative_examples, file, line);
}
void fields(auto& archive, Is<CorrelationBound> auto& x) {
  auto& [op, number] = x;
  archive(op, number);
}
void fields(auto& archive, Is<CorrelationSource> auto& x) {
  auto& [written, id, is_correlation, line] = x;
  archive(written, id, is_correlation, line);
}
void fields(auto& archive, Is<CorrelationExampleStep> auto& x) {
  auto& [record_json, times, every_ms] = x;
  archive(record_json, times, every_ms);
}
void fields(auto& archive, Is<CorrelationExample> auto& x) {
  auto& [steps, line] = x;
  archive(steps, line);
}
void fields(auto& archive, Is<Correlation> auto& x) {
  auto& [id, name, title, description, status, level, references, tags, false_positives, type, sources, group_by,
         aliases, timespan_ms, bounds, value_fields, percentile, generate, ours, positive_examples, negative_examples,
         file, line] = x;
  archive(id, name, title, description, status, level, references, tags, false_positives, type, sources, group_by,
          aliases, timespan_ms, bounds, value_fields, percentile, generate, ours, positive_examples, negative_examples,
          file, line);
}
void fields(auto& archive, Is<RuleDocuments> auto& x) {
  auto& [rules, correlations] = x;
  archive(rules, correlations);
}
void fields(auto& archive, Is<Diagnostic> auto& x) {
  auto& [severity, file, line, column, message, hint] = x;
  archive(severity, file, line, column, message, hint);
}
void fields(auto& archive, Is<LoadedDocuments> auto& x) {
  auto& [documents, diagnostics] = x;
  archive(documents, diagnostics);
}

class Packer {
 public:
  explicit Packer(std::string& out) : writer_(out) {}

  template <typename... T>
  void operator()(const T&... values) {
    (put(values), ...);
  }

 private:
  void put(const std::string& text) { writer_.text(text); }
  void put(double number) { writer_.fixed64(std::bit_cast<uint64_t>(number)); }
  template <typename T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void put(T number) { writer_.zigzag(static_cast<int64_t>(number)); }
  template <typename T>
  void put(const std::vector<T>& list) {
    writer_.varint(list.size());
    for (const T& item : list)
      put(item);
  }
  template <typename K, typename V>
  void put(const std::map<K, V>& map) {
    writer_.varint(map.size());
    for (const auto& [key, value] : map)
      (*this)(key, value);
  }
  void put(const Value& value) {
    writer_.varint(value.index());
    std::visit([this](const auto& item) { put(item); }, value);
  }
  template <typename T>
  requires std::is_class_v<T>
  void put(const T& structure) { fields(*this, structure); }

  BinaryWriter writer_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : reader_(bytes) {}

  template <typename... T>
  void operator()(T&... values) {
    (get(values), ...);
  }
  [[nodiscard]] bool finished() const { return reader_.ok() && reader_.left() == 0; }

 private:
  /// Every element takes a byte or more, so that a false size cannot make the list large.
  size_t size() {
    const uint64_t size = reader_.varint();
    if (size <= reader_.left()) return size;
    reader_.take(reader_.left() + 1);  // fails the reader
    return 0;
  }
  void get(std::string& text) { text = reader_.text(); }
  void get(double& number) { number = std::bit_cast<double>(reader_.fixed64()); }
  template <typename T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void get(T& number) { number = static_cast<T>(reader_.signed_number<int64_t>()); }
  template <typename T>
  void get(std::vector<T>& list) {
    list.resize(size());
    for (T& item : list)
      get(item);
  }
  template <typename K, typename V>
  void get(std::map<K, V>& map) {
    for (size_t left = size(); left > 0; --left) {
      std::pair<K, V> entry;
      (*this)(entry.first, entry.second);
      map.insert(std::move(entry));
    }
  }
  void get(Value& value) {
    get_alternative(value, reader_.varint(), std::make_index_sequence<std::variant_size_v<Value>>());
  }
  template <size_t... I>
  void get_alternative(Value& value, uint64_t index, std::index_sequence<I...>) {
    ((I == index ? get(value.emplace<I>()) : void()), ...);
  }
  template <typename T>
  requires std::is_class_v<T>
  void get(T& structure) { fields(*this, structure); }

  BinaryReader reader_;
};

}  // namespace

std::string pack(const LoadedDocuments& loaded) {
  std::string bytes;
  Packer packer(bytes);
  packer(loaded);
  return bytes;
}

std::optional<LoadedDocuments> unpack(std::string_view bytes) {
  LoadedDocuments loaded;
  Unpacker unpacker(bytes);
  unpacker(loaded);
  if (!unpacker.finished()) return std::nullopt;
  return loaded;
}

}  // namespace weir
