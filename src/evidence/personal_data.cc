#include "evidence/personal_data.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "evidence/text_signs.h"

namespace weir {
namespace {

constexpr size_t kShownBytes = 4;

/// Length of account numbers by country (the registry of ISO 13616): two letters, two digits each.
constexpr std::string_view kIbanLengths =
    "AD24AE23AL28AT20AZ28BA20BE16BG22BH22BR29BY28CH21CR22CY28CZ24DE22DK18DO28EE20EG29ES24FI18FO18FR27GB22GE22GI23GL18"
    "GR27GT28HR21HU28IE22IL23IQ23IS26IT27JO30KW30KZ20LB28LC32LI21LT20LU20LV21LY25MC27MD24ME22MK19MR27MT31MU30NL18NO15"
    "PK24PL28PS29PT25QA29RO24RS22SA24SC31SE24SI19SK24SM27ST25SV28TN24TR26UA29VA22VG24XK20";

constexpr auto kIsInWord = [] {
  std::array<bool, 256> in_word{};
  for (size_t byte = 0; byte != in_word.size(); ++byte)
    in_word[byte] = is_word_byte(static_cast<char>(byte));
  return in_word;
}();
constexpr bool is_in_word(char c) {
  return kIsInWord[static_cast<unsigned char>(c)];
}

constexpr bool is_upper_or_lower(char c, char upper) {
  return c == upper || c == to_lower(upper);
}
constexpr bool ends_word(std::string_view text, size_t at) {
  return at >= text.size() || !(is_ascii_alphanumeric(text[at]) || text[at] == '_');
}
constexpr unsigned digit(char c) {
  return static_cast<unsigned>(c - '0');
}

size_t iban_characters(std::string_view text) {
  for (size_t i = 0; i < kIbanLengths.size(); i += 4) {
    if (is_upper_or_lower(text[0], kIbanLengths[i]) && is_upper_or_lower(text[1], kIbanLengths[i + 1]))
      return digit(kIbanLengths[i + 2]) * 10 + digit(kIbanLengths[i + 3]);
  }
  return 0;
}

unsigned remainder_97(unsigned remainder, char c) {
  if (is_ascii_digit(c)) return (remainder * 10 + digit(c)) % 97;
  return (remainder * 100 + static_cast<unsigned>(to_lower(c) - 'a') + 10) % 97;
}

/// With single spaces or '-' between the characters or without.
size_t iban_length(std::string_view text) {
  constexpr size_t kShortest = 15;
  if (text.size() < kShortest || !is_ascii_letter(text[0]) || !is_ascii_digit(text[2]) || !is_ascii_digit(text[3]))
    return 0;
  const size_t wanted = iban_characters(text);
  size_t length = 0;
  unsigned remainder = 0;
  for (size_t count = 0; count < wanted; ++length) {
    if (length >= text.size()) return 0;
    const char c = text[length];
    if ((c == ' ' || c == '-') && length > 0 && is_ascii_alphanumeric(text[length - 1])) continue;
    if (!is_ascii_alphanumeric(c)) return 0;
    if (++count > 4) remainder = remainder_97(remainder, c);
  }
  if (wanted == 0 || !ends_word(text, length)) return 0;
  for (size_t i = 0; i < 4; ++i)
    remainder = remainder_97(remainder, text[i]);
  return remainder == 1 ? length : 0;
}

/// True if the text begins with this form: 'd' a digit, 'L' a letter, anything else itself.
bool has_form(std::string_view text, std::string_view form) {
  if (text.size() < form.size() || !ends_word(text, form.size())) return false;
  for (size_t i = 0; i < form.size(); ++i) {
    const char wanted = form[i], c = text[i];
    const bool fits = wanted == 'd' ? is_ascii_digit(c) : wanted == 'L' ? is_ascii_letter(c) : c == wanted;
    if (!fits) return false;
  }
  return true;
}

uint64_t number(std::string_view digits) {
  uint64_t value = 0;
  for (const char c : digits)
    if (is_ascii_digit(c)) value = value * 10 + digit(c);
  return value;
}

/// United States: area, group and serial number that are given out.
size_t ssn_length(std::string_view text) {
  if (!has_form(text, "ddd-dd-dddd")) return 0;
  const uint64_t area = number(text.substr(0, 3));
  const bool given_out =
      area != 0 && area != 666 && area < 900 && number(text.substr(4, 2)) != 0 && number(text.substr(7, 4)) != 0;
  return given_out ? 11 : 0;
}

/// Brazil: two check digits.
size_t cpf_length(std::string_view text) {
  if (!has_form(text, "ddd.ddd.ddd-dd")) return 0;
  std::array<unsigned, 11> digits{};
  size_t count = 0;
  for (const char c : text.substr(0, 14))
    if (is_ascii_digit(c)) digits[count++] = digit(c);
  const auto check = [&](size_t over) {
    unsigned sum = 0;
    for (size_t i = 0; i < over; ++i)
      sum += digits[i] * static_cast<unsigned>(over + 1 - i);
    return sum * 10 % 11 % 10;
  };
  return check(9) == digits[9] && check(10) == digits[10] ? 14 : 0;
}

/// Spain: a check letter.
size_t dni_length(std::string_view text) {
  constexpr std::string_view kLetters = "TRWAGMYFPDXBNJZSQVHLCKE";
  uint64_t value = 0;
  if (has_form(text, "ddddddddL")) {
    value = number(text.substr(0, 8));
  } else if (has_form(text, "LdddddddL") && to_lower(text[0]) >= 'x' && to_lower(text[0]) <= 'z') {
    value = static_cast<uint64_t>(to_lower(text[0]) - 'x') * 10'000'000 + number(text.substr(1, 7));
  } else {
    return 0;
  }
  return is_upper_or_lower(text[8], kLetters[value % kLetters.size()]) ? 9 : 0;
}

/// Italy: the form alone is like nothing else.
size_t codice_fiscale_length(std::string_view text) {
  return has_form(text, "LLLLLLddLddLdddL") ? 16 : 0;
}

/// United Kingdom: letters that are given out, with spaces between the pairs or without.
size_t nino_length(std::string_view text) {
  const size_t length = has_form(text, "LLddddddL") ? 9 : has_form(text, "LL dd dd dd L") ? 13 : 0;
  if (length == 0) return 0;
  const char first = to_lower(text[0]), second = to_lower(text[1]), suffix = to_lower(text[length - 1]);
  constexpr std::string_view kNever = "dfiquv";
  const bool given_out = kNever.find(first) == std::string_view::npos &&
                         kNever.find(second) == std::string_view::npos && second != 'o' && suffix >= 'a' &&
                         suffix <= 'd';
  return given_out ? length : 0;
}

/// France: thirteen digits and the two that check them.
size_t nir_length(std::string_view text) {
  if (!has_form(text, "ddddddddddddddd") || (text[0] != '1' && text[0] != '2')) return 0;
  const uint64_t month = number(text.substr(3, 2));
  if (month == 0 || month > 12) return 0;
  return 97 - number(text.substr(0, 13)) % 97 == number(text.substr(13, 2)) ? 15 : 0;
}

/// Poland: a date of birth, whose month tells the century, and a check digit.
size_t pesel_length(std::string_view text) {
  if (!has_form(text, "ddddddddddd")) return 0;
  constexpr std::array<unsigned, 10> kWeights{1, 3, 7, 9, 1, 3, 7, 9, 1, 3};
  const uint64_t month = number(text.substr(2, 2)) % 20, day = number(text.substr(4, 2));
  if (month == 0 || month > 12 || day == 0 || day > 31) return 0;
  unsigned sum = 0;
  for (size_t i = 0; i < kWeights.size(); ++i)
    sum += kWeights[i] * digit(text[i]);
  return (10 - sum % 10) % 10 == digit(text[10]) ? 11 : 0;
}

/// The first length that is not 0.
template <typename... LengthOf>
size_t first_length(std::string_view text, const LengthOf&... length_of) {
  size_t length = 0;
  static_cast<void>(((length = length_of(text)) || ...));
  return length;
}

/// By the first bytes, most words are none of these.
size_t national_id_length(std::string_view text) {
  constexpr size_t kShortest = 9;
  if (text.size() < kShortest) return 0;
  if (is_ascii_digit(text[0])) {
    if (!is_ascii_digit(text[1]) || !is_ascii_digit(text[2])) return 0;
    return first_length(text, ssn_length, cpf_length, dni_length, nir_length, pesel_length);
  }
  if (is_ascii_digit(text[1])) return dni_length(text);
  if (is_ascii_digit(text[2]) || text[2] == ' ') return nino_length(text);
  return is_ascii_letter(text[5]) ? codice_fiscale_length(text) : 0;
}

/// The length of an address's part before the '@'; 0 if there is no address.
size_t mailbox_length(std::string_view text) {
  constexpr size_t kMailboxMax = 64, kDomainMax = 255;
  size_t at = 0;
  const auto in_mailbox = [](char c) {
    return is_ascii_alphanumeric(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  while (at < text.size() && at <= kMailboxMax && in_mailbox(text[at]))
    ++at;
  if (at == 0 || at > kMailboxMax || at >= text.size() || text[at] != '@') return 0;
  const auto domain = text.substr(at + 1, kDomainMax);
  size_t dot = 0, end = 0;
  for (; end < domain.size() && (is_ascii_alphanumeric(domain[end]) || domain[end] == '.' || domain[end] == '-'); ++end)
    if (domain[end] == '.' && end > 0) dot = end;
  return dot != 0 && end - dot > 2 && is_ascii_letter(domain[dot + 1]) ? at : 0;
}

/// "+" and eight to fifteen digits; single separators between them.
size_t phone_length(std::string_view text) {
  constexpr size_t kDigitsMin = 8, kDigitsMax = 15;
  if (text.size() <= kDigitsMin || text[0] != '+' || !is_ascii_digit(text[1]) || text[1] == '0') return 0;
  size_t digits = 0, length = 1;
  const auto separates = [](char c) { return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/'; };
  for (size_t at = 1; at < text.size() && digits <= kDigitsMax; ++at) {
    if (is_ascii_digit(text[at])) {
      ++digits;
      length = at + 1;
    } else if (!separates(text[at]) || at - length > 1) {
      break;
    }
  }
  return digits >= kDigitsMin && digits <= kDigitsMax && ends_word(text, length) ? length : 0;
}

/// No account number or identity number has fewer digits.
constexpr size_t kDigitsMin = 6;

/// Those of the kinds that a text with these signs may hold.
PersonalDataMask possible_kinds(std::string_view text, PersonalDataMask kinds) {
  const auto without = [&](PersonalDataMask absent) { kinds = static_cast<PersonalDataMask>(kinds & ~absent); };
  if (text.find('@') == std::string_view::npos) without(mask_of(PersonalData::kEmail));
  if (text.find('+') == std::string_view::npos) without(mask_of(PersonalData::kPhone));
  constexpr auto kOfDigits = mask_of(PersonalData::kIban) | mask_of(PersonalData::kNationalId);
  if ((kinds & kOfDigits) != 0 && signs_of(text).digits < kDigitsMin) without(kOfDigits);
  return kinds;
}

/// What of the text's front goes, and how much of that stays at its end.
struct Found {
  size_t length = 0, shown = 0;
};

Found find_at(std::string_view text, bool begins_word, PersonalDataMask kinds) {
  const auto wanted = [&](PersonalData kind) { return (kinds & mask_of(kind)) != 0; };
  if (wanted(PersonalData::kPhone) && text[0] == '+')
    if (const size_t length = phone_length(text); length != 0) return {length, kShownBytes};
  if (!begins_word || !is_ascii_alphanumeric(text[0])) return {};
  if (wanted(PersonalData::kIban))
    if (const size_t length = iban_length(text); length != 0) return {length, kShownBytes};
  if (wanted(PersonalData::kNationalId))
    if (const size_t length = national_id_length(text); length != 0) return {length, 0};
  if (wanted(PersonalData::kEmail))
    if (const size_t length = mailbox_length(text); length != 0) return {length, 0};
  return {};
}

}  // namespace

bool mask_personal_data(std::string_view text, PersonalDataMask kinds, std::string& out) {
  kinds = possible_kinds(text, kinds);
  if (kinds == 0) return false;
  size_t copied = 0;
  for (size_t i = 0; i < text.size();) {
    const bool begins_word = i == 0 || !is_in_word(text[i - 1]);
    const Found found = find_at(text.substr(i), begins_word, kinds);
    if (found.length == 0) {
      // Nothing begins inside a word.
      const bool was_in_word = is_in_word(text[i++]);
      while (was_in_word && i < text.size() && is_in_word(text[i]))
        ++i;
      continue;
    }
    out.append(text.substr(copied, i - copied)).append("***");
    i += found.length;
    out.append(text.substr(i - found.shown, found.shown));
    copied = i;
  }
  if (copied == 0) return false;
  out.append(text.substr(copied));
  return true;
}

}  // namespace weir
