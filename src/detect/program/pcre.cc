#define PCRE2_CODE_UNIT_WIDTH 8
#include "detect/program/pcre.h"

#include <pcre2.h>

#include <array>

namespace weir {
namespace {

// A line of 8 KiB needs some 10^4 steps for a sane expression; 10^5 ends a pathological one after about a millisecond.
constexpr uint32_t kMatchLimit = 100'000;

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeCompileContext {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};
struct FreeMatchContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

struct Pcre::Impl {
  std::unique_ptr<pcre2_code, FreeCode> code;
};

struct Pcre::Scratch::Impl {
  std::unique_ptr<pcre2_match_context, FreeMatchContext> context{pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_match_data, FreeMatchData> data{pcre2_match_data_create(1, nullptr)};
};

Pcre::Scratch::Scratch() : impl_(std::make_unique<Impl>()) {
  pcre2_set_match_limit(impl_->context.get(), kMatchLimit);
  pcre2_set_depth_limit(impl_->context.get(), kMatchLimit);
}
Pcre::Scratch::~Scratch() = default;
Pcre::Scratch::Scratch(Scratch&&) noexcept = default;
Pcre::Scratch& Pcre::Scratch::operator=(Scratch&&) noexcept = default;

Pcre::Pcre(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Pcre::Pcre(Pcre&&) noexcept = default;
Pcre& Pcre::operator=(Pcre&&) noexcept = default;
Pcre::~Pcre() = default;

Result<Pcre> Pcre::compile(const std::string& pattern, LetterCase letter_case) {
  const std::unique_ptr<pcre2_compile_context, FreeCompileContext> context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  const uint32_t flags = PCRE2_MULTILINE | PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C |
                         (letter_case == LetterCase::kIgnored ? PCRE2_CASELESS : 0U);
  auto impl = std::make_unique<Impl>();
  impl->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), flags, &error, &offset,
                                 context.get()));
  if (!impl->code) {
    std::array<PCRE2_UCHAR, 256> text{};
    pcre2_get_error_message(error, text.data(), text.size());
    return fail(ErrorCode::kParse, "rules",
                "regular expression: " + std::string(reinterpret_cast<const char*>(text.data())));
  }
  // Without a just-in-time compiler the interpreter does the same work.
  pcre2_jit_compile(impl->code.get(), PCRE2_JIT_COMPLETE);
  return Pcre(std::move(impl));
}

Pcre::Match Pcre::find(std::string_view line, Scratch& scratch) const {
  const int result = pcre2_match(impl_->code.get(), reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), 0, 0,
                                 scratch.impl_->data.get(), scratch.impl_->context.get());
  if (result == PCRE2_ERROR_NOMATCH) return {};
  if (result < 0) {
    ++scratch.given_up_;
    return {Outcome::kLimit, 0, 0};
  }
  const PCRE2_SIZE* span = pcre2_get_ovector_pointer(scratch.impl_->data.get());
  return {Outcome::kMatch, static_cast<uint32_t>(span[0]), static_cast<uint32_t>(span[1])};
}

}  // namespace weir
