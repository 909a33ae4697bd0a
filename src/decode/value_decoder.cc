#include "decode/value_decoder.h"

#include "decode/steps/decode_entities.h"
#include "decode/steps/decode_escapes.h"
#include "decode/steps/fold_unicode.h"
#include "decode/steps/strip_controls.h"

namespace weir {
namespace {

constexpr bool is_url_encoded(Place place) {
  return place == Place::kPath || place == Place::kQuery || place == Place::kForm;
}

/// Places that cannot hold a line break unless somebody encoded one into them; prose in bodies has them naturally.
constexpr bool is_line_break_odd(Place place) {
  return place == Place::kPath || place == Place::kQuery || place == Place::kHeader || place == Place::kCookie ||
         place == Place::kUserAgent || place == Place::kReferer || place == Place::kHost;
}

/// Script escapes are the normal encoding of JSON, and a body without known structure may be some.
constexpr bool may_hold_json(Place place) {
  return place == Place::kJson || place == Place::kBody;
}

/// A body or file that is binary, yet not enough so to be treated as such, has NUL bytes by nature.
constexpr bool may_hold_binary(Place place) {
  return place == Place::kBody || place == Place::kMultipart;
}

/// The state of decoding one value: which bytes are left, what was done to them.
class Rounds {
 public:
  Rounds(char* text, size_t size, const ValueContext& context, DecodeSteps& steps, Evasions& evasions)
      : text_(text), size_(size), context_(context), steps_(steps), evasions_(evasions) {}

  size_t run(ByteClasses& classes) {
    for (uint32_t round = 0; round < context_.rounds_max; ++round) {
      const PlusMeans plus = round == 0 ? context_.plus : PlusMeans::kPlus;
      changed_ = false;
      if ((classes & byte_class::kPercent) != 0 || (plus == PlusMeans::kSpace && (classes & byte_class::kPlus) != 0)) {
        percent(plus, round);
      }
      // What a step produces (a high byte, an ampersand, …) is for the next round, but what percent-decoding produces
      // is so often the whole wrapping that one more look saves that round.
      if (changed_) classes = classify({text_, size_});
      if ((classes & byte_class::kHigh) != 0) fold();
      if ((classes & byte_class::kAmpersand) != 0) entities();
      if ((classes & byte_class::kBackslash) != 0) escapes();
      if ((classes & (byte_class::kControl | byte_class::kDelete)) != 0) controls();
      if (!changed_) break;
      classes = classify({text_, size_});
      if ((classes & ~(byte_class::kAsterisk | byte_class::kPlus | byte_class::kShell)) == 0) break;
    }
    // Entities and escapes of the last round may have left control characters; none may stay, '\n' least of all.
    if ((classes & (byte_class::kControl | byte_class::kDelete)) != 0) controls();
    return size_;
  }

 private:
  void step(DecodeStep step) { steps_ = static_cast<DecodeSteps>(steps_ | static_cast<DecodeSteps>(step)); }
  void evasion(Evasion evasion) { evasions_ = static_cast<Evasions>(evasions_ | static_cast<Evasions>(evasion)); }

  void percent(PlusMeans plus, uint32_t round) {
    const PercentPass pass = decode_percent(text_, size_, plus);
    size_ = pass.size;
    if (pass.plus) step(DecodeStep::kPlus);
    if (pass.percent) {
      step(DecodeStep::kPercent);
      if (++percent_rounds_ == 2) step(DecodeStep::kPercentTwice);
      if (percent_rounds_ >= 2 && pass.unusual && is_url_encoded(context_.place)) evasion(Evasion::kDoubleEncoding);
    }
    if (pass.unicode) step(DecodeStep::kUnicodeEscape);
    if (pass.unicode_ascii) evasion(Evasion::kUnicodeEscape);
    if (pass.invalid && round == 0 && is_url_encoded(context_.place)) evasion(Evasion::kInvalidPercent);
    changed_ |= pass.percent || pass.plus || pass.unicode;
  }

  void fold() {
    const FoldPass pass = fold_unicode(text_, size_);
    size_ = pass.size;
    if (pass.folded) step(DecodeStep::kFullWidth);
    if (pass.suspicious) evasion(Evasion::kFullWidth);
    if (pass.overlong) {
      step(DecodeStep::kOverlongUtf8);
      evasion(Evasion::kOverlongUtf8);
    }
    changed_ |= pass.changed;
  }

  void entities() {
    const EntityPass pass = decode_entities(text_, size_);
    size_ = pass.size;
    if (pass.changed) step(DecodeStep::kHtmlEntity);
    changed_ |= pass.changed;
  }

  void escapes() {
    const EscapePass pass = decode_escapes(text_, size_);
    size_ = pass.size;
    if (pass.unicode) step(DecodeStep::kUnicodeEscape);
    if (pass.unicode_ascii && !may_hold_json(context_.place)) evasion(Evasion::kUnicodeEscape);
    changed_ |= pass.changed;
  }

  void controls() {
    const ControlPass pass = strip_controls(text_, size_);
    size_ = pass.size;
    if (pass.control) step(DecodeStep::kControl);
    if (pass.null_byte) {
      step(DecodeStep::kNullByte);
      if (!may_hold_binary(context_.place)) evasion(Evasion::kNullByte);
    }
    if (pass.line_break && (pass.header_after_break || is_line_break_odd(context_.place))) evasion(Evasion::kLineBreak);
    changed_ |= pass.null_byte;
  }

  char* text_;
  size_t size_;
  const ValueContext& context_;
  DecodeSteps& steps_;
  Evasions& evasions_;
  uint32_t percent_rounds_ = 0;
  bool changed_ = false;
};

}  // namespace

size_t decode_value(char* text, size_t size, ByteClasses& classes, const ValueContext& context, DecodeSteps& steps,
                    Evasions& evasions) {
  return Rounds(text, size, context, steps, evasions).run(classes);
}

}  // namespace weir
