#pragma once

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "decode/decoded_record.h"
#include "event/event.h"
#include "policy/policy.h"

namespace weir {

/// One thing about a record that its route's policy does not allow. Borrows from the event, the decoded record and the policy.
struct Violation {
  PolicyRule rule = PolicyRule::kUrlLength;
  Place place = Place::kPath;
  std::string_view parameter;  ///< the parameter, header or cookie; may be empty
  std::string_view value;      ///< as sent
  std::string_view fault;      ///< what is wrong; static text
};

/// Whether the request's content type is looked for among its route's: it says one, and its method or its body says that it counts.
bool is_held_to_content_type(const Event& event);

/// Checks records against their routes (VA1–VA4). One per lane: it owns scratch space. Does not allocate once that has grown.
class RequestCheck {
 public:
  /// So many of one record are kept. Once one had to be left out, further ones are not looked for.
  static constexpr size_t kViolationsMax = 16;
  /// A longer value is checked only as far as this, which is more than any length bound that makes sense.
  static constexpr size_t kValueBytesMax = 1 << 20;

  enum class Outcome : uint8_t {
    kWhole,
    kCut,  ///< more than kViolationsMax: at least one was left out
  };
  /// Appends to `out`. `path` holds the segments that Policy::route_of() left.
  Outcome check(const Route& route, const Event& event, const DecodedRecord& record, std::string_view client_id,
                const RequestPath& path, std::vector<Violation>& out);

 private:
  void add(const Violation& violation, std::vector<Violation>& out);
  void check_limits(const Route& route, const Event& event, std::vector<Violation>& out);
  void check_parameters(const Route& route, const Event& event, const DecodedRecord& record, const RequestPath& path,
                        std::vector<Violation>& out);
  void check_pairs(const Route& route, Place place, std::string_view text, std::vector<Violation>& out);
  void check_cookies(const Route& route, std::string_view text, std::vector<Violation>& out);
  void check_headers(const Route& route, const Event& event, std::vector<Violation>& out);
  void check_lines(const Route& route, const DecodedRecord& record, std::vector<Violation>& out);
  void check_path(const Route& route, const RequestPath& path, std::vector<Violation>& out);
  void check_body(const Route& route, const Event& event, std::vector<Violation>& out);
  void check_missing(const Route& route, const Event& event, std::vector<Violation>& out);
  void check_one(const Route& route, const ParameterSpec& parameter, Place place, std::string_view value,
                 std::string_view as_sent, std::vector<Violation>& out);

  std::string name_, value_;                  ///< decoded
  std::bitset<Policy::kParametersMax> seen_;  ///< per parameter of the route
  Outcome outcome_ = Outcome::kWhole;
};

/// VA4: what makes a request look forged; empty when nothing does. Judges state-changing methods only.
std::string_view csrf_fault(const CsrfSpec& csrf, const Event& event, Violation& violation);

}  // namespace weir
