#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "base/enum_names.h"

namespace weir {

/// What a text may say about a person that is no secret and yet may have no place in alerts; the operator says which.
enum class PersonalData : uint8_t {
  kIban,        ///< account numbers (ISO 13616), by country, length and check digits
  kNationalId,  ///< social security and identity numbers that have a form of their own or check digits
  kEmail,       ///< the part before the '@'; the domain stays
  kPhone,       ///< telephone numbers in international form, "+" in front (ITU-T E.164)
};
template <>
inline constexpr auto kNamesOf<PersonalData> = std::to_array<std::string_view>({"iban", "national_id", "email",
                                                                                "phone"});

using PersonalDataMask = uint8_t;  ///< bit i = PersonalData i
constexpr PersonalDataMask mask_of(PersonalData kind) {
  return static_cast<PersonalDataMask>(1U << static_cast<unsigned>(kind));
}
constexpr PersonalDataMask mask_of(std::span<const PersonalData> kinds) {
  PersonalDataMask mask = 0;
  for (const PersonalData kind : kinds)
    mask = static_cast<PersonalDataMask>(mask | mask_of(kind));
  return mask;
}

/// Replaces personal data of the kinds given. Appends the whole text to `out` and returns true if there was some; else false,
/// and `out` as it was. Linear.
bool mask_personal_data(std::string_view text, PersonalDataMask kinds, std::string& out);

}  // namespace weir
