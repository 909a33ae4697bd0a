#pragma once

#include <span>
#include <string>
#include <string_view>

namespace weir {

/// The candidate nearest to a misspelt word, if near enough to be meant (a third of its letters wrong at most, swaps
/// count as one); empty otherwise.
std::string nearest_word(std::string_view word, std::span<const std::string> candidates);

/// "a, b, c".
std::string joined_words(std::span<const std::string_view> words);

}  // namespace weir
