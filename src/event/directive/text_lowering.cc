#include <algorithm>
#include <array>

#include "event/directive/directive_lowering.h"
#include "event/directive/value_joiner.h"

namespace weir {
namespace {

/// A part of the format in the making, and the pieces it is made of.
struct Part {
  TextPart part;
  std::vector<size_t> variables;
  uint8_t rank = 0;
  bool is_line = false;
};

class TextLowering {
 public:
  explicit TextLowering(const DirectiveTemplate& directive) : pieces_(directive.pieces) {}

  DirectiveResult<TextFormat> lower(std::vector<PieceUse>& uses) {
    for (size_t i = 0; i < pieces_.size();) {
      if (!pieces_[i].variable) {
        literal_ += pieces_[i].literal;
        ++i;
        continue;
      }
      const auto taken = add_value(i);
      if (!taken) return tl::unexpected(taken.error());
      i += *taken;
    }
    leave_best();
    uses.assign(pieces_.size(), {});
    TextFormat format;
    for (auto& part : parts_) {
      for (const size_t piece : part.variables)
        uses[piece].field = part.part.field;
      format.parts.push_back(std::move(part.part));
    }
    format.end = literal_;
    return format;
  }

 private:
  // Adds the value that begins with piece i; how many pieces that takes.
  DirectiveResult<size_t> add_value(size_t i) {
    const auto& variable = *pieces_[i].variable;
    const auto joined = join_pieces(std::span(pieces_).subspan(i));
    Part part;
    part.part.field = joined ? joined->field : field_alone(variable);
    part.rank = joined ? joined->rank : variable.rank;
    part.is_line = joined ? joined->is_line : variable.is_line;
    const size_t count = joined ? joined->pieces : 1;
    for (size_t k = i; k < i + count; ++k) {
      if (pieces_[k].variable) part.variables.push_back(k);
    }
    if (variable.can_vanish && absorb(part)) return count;
    if (literal_.empty() && !parts_.empty()) {
      if (part.part.field.use == TextUse::kSkip && parts_.back().part.field.use == TextUse::kSkip) {
        parts_.back().variables.push_back(i);
        return count;
      }
      return directive_fault(pieces_[i].offset, "nothing stands between " + pieces_[i - 1].variable->name + " and " +
                                                    variable.name + ": where the first ends would be a guess");
    }
    if (parts_.size() == TextFormat::kPartsMax)
      return directive_fault(pieces_[i].offset, "more than " + std::to_string(TextFormat::kPartsMax) + " variables");
    if (literal_.size() > TextFormat::kLiteralBytesMax)
      return directive_fault(pieces_[i].offset, "more than " + std::to_string(TextFormat::kLiteralBytesMax) +
                                                    " bytes of text before " + variable.name);
    part.part.literal = std::move(literal_);
    literal_.clear();
    parts_.push_back(std::move(part));
    return count;
  }

  // What may be missing together with the space before it is read as one with the unused field there, whose end is then behind it.
  bool absorb(const Part& part) {
    if (parts_.empty() || literal_ != " ") return false;
    auto& before = parts_.back();
    const bool is_unused = before.part.field.use == TextUse::kSkip;
    if (!is_unused && !before_vanished_) return false;
    if (is_unused) before.part.field = part.part.field;
    before.variables.insert(before.variables.end(), part.variables.begin(), part.variables.end());
    before_vanished_ = true;
    literal_.clear();
    return true;
  }

  // The best of several variables for one field is left; the others are headers, if they are some, or not needed. All targets are
  // left: where the server made out none, the line that the client sent is still there.
  void leave_best() {
    leave_lines();
    std::array<Part*, kFieldCount> best{};
    for (auto& part : parts_) {
      if (part.part.field.use != TextUse::kField || part.part.field.field == kFieldTarget) continue;
      auto& held = best[part.part.field.field];
      if (held != nullptr && held->rank <= part.rank) {
        give_up(part);
        continue;
      }
      if (held != nullptr) give_up(*held);
      held = &part;
    }
  }

  // Where the method stands in request lines alone, they are the targets.
  void leave_lines() {
    const auto holds = [](ProfileFieldIndex field) {
      return [field](const Part& part) {
        return part.part.field.use == TextUse::kField && part.part.field.field == field;
      };
    };
    const auto is_target = holds(kFieldTarget);
    const bool has_line =
        std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) { return is_target(part) && part.is_line; });
    if (!has_line || std::any_of(parts_.begin(), parts_.end(), holds(kFieldMethod))) return;
    for (auto& part : parts_) {
      if (is_target(part) && !part.is_line) give_up(part);
    }
  }

  static void give_up(Part& part) {
    auto& field = part.part.field;
    field.use = field.header.empty() ? TextUse::kSkip : TextUse::kRequestHeader;
  }

  const std::vector<DirectivePiece>& pieces_;
  std::vector<Part> parts_;
  std::string literal_;
  bool before_vanished_ = false;
};

}  // namespace

DirectiveResult<TextFormat> lower_to_text(const DirectiveTemplate& directive, std::vector<PieceUse>& uses) {
  return TextLowering(directive).lower(uses);
}

}  // namespace weir
