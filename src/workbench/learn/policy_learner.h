#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "decode/decoded_record.h"
#include "event/event.h"
#include "policy/policy_spec.h"
#include "policy/request_path.h"
#include "workbench/learn/learned_values.h"

namespace weir {

/// Learns what an application expects from requests that it answered: which paths there are, with ids folded, and what their
/// parameters hold (VA1, VA2). The same requests in the same order give the same policy. Memory is bounded by kNodesMax and
/// kParametersMax; what is beyond is counted.
class PolicyLearner {
 public:
  /// In how many requests what was learned stood: by the name of the route, and of its parameters.
  struct Counts {
    using Parameter = std::tuple<std::string, Place, std::string>;  ///< route, place, name
    std::map<std::string, uint64_t> routes;
    std::map<Parameter, uint64_t> parameters;
  };

  static constexpr size_t kNodesMax = 20'000;
  static constexpr size_t kHostsMax = 64;
  static constexpr size_t kParametersMax = 200;  ///< of a route; an application with more makes their names up
  static constexpr size_t kSegmentsMax = 16;     ///< of a path; the rest is "**"
  /// More names than this side by side are values: blue-shirt, red-shirt, …
  static constexpr size_t kLiteralsMax = 24;

  PolicyLearner();
  ~PolicyLearner();
  PolicyLearner(const PolicyLearner&) = delete;
  PolicyLearner& operator=(const PolicyLearner&) = delete;

  /// Takes up a request. What no application route answered (no HTTP, 404, 405, 5xx) says nothing about routes and is only
  /// counted.
  void add(const Event& event, const DecodedRecord& record);

  /// What was learned so far, with the counts behind each line as notes. `evidence_min`: routes with fewer requests are left out.
  [[nodiscard]] PolicySpec policy(uint64_t evidence_min, Counts* counts = nullptr) const;

  [[nodiscard]] uint64_t taken() const { return taken_; }
  [[nodiscard]] uint64_t unanswered() const { return unanswered_; }
  /// Requests for which there was no room.
  [[nodiscard]] uint64_t left_out() const { return left_out_; }

 private:
  struct Operation;
  struct Node;
  class RouteWriter;

  Node* node_of(Node& root, const RequestPath& path, bool& has_rest);
  void add_parameters(Operation& operation, const Event& event, const DecodedRecord& record);
  void add_pairs(Operation& operation, Place place, std::string_view text);
  void add_value(Operation& operation, Place place, std::string_view name, std::string_view value);
  static void fold(Node& node);

  std::map<std::string, std::unique_ptr<Node>, std::less<>> hosts_;
  RequestPath path_;
  std::string name_, value_;  // decoded
  size_t nodes_ = 0;
  uint64_t taken_ = 0, unanswered_ = 0, left_out_ = 0;
  uint32_t url_bytes_ = 0;
  uint64_t request_bytes_ = 0;
};

}  // namespace weir
