#pragma once

#include <string>
#include <utility>
#include <vector>

#include "decode/decoded_record.h"
#include "event/event.h"
#include "evidence/masker.h"

namespace weir {

/// What a client sent, as on the wire; owns its text.
struct DraftRequest {
  std::string method, host, path, query, content_type, body, cookie, user_agent, referer;
  std::vector<std::pair<std::string, std::string>> headers;

  DraftRequest() = default;
  explicit DraftRequest(const Event& event);

  bool operator==(const DraftRequest&) const = default;
};

/// An example of a rule, as its file holds it.
struct DraftExample {
  std::string yaml;        ///< a map in one line: {path: '/a', query: 'q=1'}
  bool is_masked = false;  ///< a secret in it was masked
  bool is_cut = false;     ///< something in it was too long

  bool operator==(const DraftExample&) const = default;
};

/// The request as an example. Path and query are always in it; the body, headers, cookies, user agent, referer and host when the rule looks
/// there.
DraftExample example_of(const DraftRequest& request, PlaceMask looked_at, const Masker& masker);

}  // namespace weir
