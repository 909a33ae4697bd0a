#pragma once

#include <array>
#include <string_view>

#include "decode/decode_scratch.h"
#include "decode/decoded_record.h"

namespace weir {

class ValueLines;

/// Walks a JSON text that a client sent and writes one line per leaf: "user[name]=alice", "ids[]=7". It is tolerant
/// (what it does not understand ends the walk, what came before is kept) and bounded (depth, lines, name length), which
/// a general parser is not: bodies in logs are often cut off, and an attacker chooses them. Not recursive.
class JsonLines {
 public:
  /// Deeper containers become one line of raw text, whatever depth_max says.
  static constexpr size_t kDepthMax = 32;
  /// A name holds at most the last so many levels of keys, and so many bytes.
  static constexpr size_t kNameLevelsMax = 3;
  static constexpr size_t kNameBytesMax = 128;

  /// `prefix` names the value that holds the JSON text, or is empty. `steps` are recorded with each line.
  JsonLines(ValueLines& values, DecodeScratch::Json& scratch, size_t depth_max, Place place, std::string_view prefix,
            DecodeSteps steps);

  /// Writes the lines; returns the offset of the first byte it did not understand, text.size() if there is none. Several
  /// values one behind the other (NDJSON) are read too.
  size_t walk(std::string_view text);

 private:
  /// One open container and the key of its current member, scratch_.keys[key_begin, key_begin + key_length).
  struct Level {
    bool is_object = false;
    size_t key_begin = 0;
    size_t key_length = 0;
  };

  bool walk_tree();
  bool walk_value();
  bool walk_string();
  bool walk_scalar();
  enum class Entry { kEntered, kEmpty, kBroken };
  Entry enter_container();
  bool walk_too_deep();
  bool next_member();
  bool read_key();
  void push(bool is_object);
  void pop();
  void skip_space();
  bool read_string(std::string_view& raw, bool& escaped);
  void add_leaf(std::string_view value, DecodeSteps more_steps);
  std::string_view compose_name();
  [[nodiscard]] std::string_view key_of(const Level& level) const;
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

  ValueLines& values_;
  DecodeScratch::Json& scratch_;
  size_t depth_max_;
  Place place_;
  DecodeSteps steps_;
  std::string_view prefix_;
  std::string_view text_;
  size_t at_ = 0;
  size_t understood_ = 0;  ///< everything before is written
  size_t depth_ = 0;
  std::array<Level, kDepthMax> levels_;
};

}  // namespace weir
