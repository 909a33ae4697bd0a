#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// The requests of a record that holds several, each as a text of its own. Bounded; what is beyond the bound is not taken,
/// and is_cut() says so.
class RecordItems {
 public:
  explicit RecordItems(size_t items_max) : items_max_(items_max) {}

  void clear();

  /// Each item of the list: texts as they are, all else as JSON.
  void take_list(const simdjson::dom::array& list);

  /// The log records of an OTLP export in JSON: the body where that is the access log's line, else the attributes as an
  /// object of their own under "attributes", beside the "timestamp". False if the object is no such export.
  bool take_otlp(const simdjson::dom::object& root);

  /// The lines of a push to Loki in JSON ({"streams":[{"stream":{…},"values":[[time, line], …]}]}). False if it is none.
  bool take_loki_push(const simdjson::dom::object& root);

  [[nodiscard]] bool at_end() const { return next_ == items_.size(); }
  /// Valid until clear().
  std::string_view next();
  [[nodiscard]] bool is_cut() const { return cut_; }

 private:
  bool is_full();
  void take(const simdjson::dom::element& item);
  void take_log_record(const simdjson::dom::object& record);
  void end_item(size_t begin) { items_.emplace_back(begin, text_.size() - begin); }

  size_t items_max_;
  std::string text_;
  std::vector<std::pair<size_t, size_t>> items_;  // begin and size in text_
  size_t next_ = 0;
  bool cut_ = false;
};

}  // namespace weir
