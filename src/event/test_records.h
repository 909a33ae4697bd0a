#pragma once

#include <string>
#include <string_view>

#include "event/event_parser.h"

namespace weir::testing {

/// A good flat record with every field.
inline const std::string kFullRecord =
    R"json({"ts":"2025-01-15T10:20:30.456Z","request_id":"r-1","client_id":"c-7","api_key":"ak_1","ip":"203.0.113.9",)json"
    R"json("method":"POST","scheme":"https","host":"shop.example.com","path":"/login","query":"next=%2Fhome","status":302,)json"
    R"json("duration_ms":12.5,"request_bytes":402,"response_bytes":11696,"user_agent":"Mozilla/5.0 (X11)",)json"
    R"json("referer":"https://shop.example.com/","content_type":"application/x-www-form-urlencoded",)json"
    R"json("headers":{"accept":"*/*","Cookie":"sid=1; t=2","Authorization":"Bearer x"},"body":"user=a&pass=b",)json"
    R"json("response_headers":{"location":"/home"},"extra":{"deep":[1,2,{"x":null}]}})json";

inline InputOptions options_for(std::string_view profile) {
  InputOptions options;
  options.profile = *InputProfile::built_in(profile);
  return options;
}

/// A flat record with the required fields and `more` (a JSON fragment that starts with a comma) behind them.
inline std::string minimal_record(const std::string& more = "") {
  return R"({"ts":1736936430,"ip":"203.0.113.9","method":"GET","path":"/a")" + more + "}";
}

inline EventTime ms(int64_t value) {
  return EventTime{Milliseconds{value}};
}

}  // namespace weir::testing
