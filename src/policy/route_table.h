#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/request_path.h"

namespace weir {

/// What a route's pattern says; borrowed for the call of RouteTable::add.
struct RoutePattern {
  std::span<const std::string> methods;  ///< empty: any
  std::string_view host;
  std::string_view path;
};

/// Finds the route of a request. The most specific pattern wins: first by host (exact, then the longest *.suffix, then
/// any), then by path, segment for segment from the left (literal, then {name}, then the end or **), then by method (named,
/// then any). A pattern whose method does not fit is passed over. Immutable once filled; look-ups allocate nothing.
class RouteTable {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  RouteTable();

  /// Adds a pattern; routes are numbered from 0 in this order. Errors: a malformed pattern, or one that takes the same
  /// requests as an earlier route.
  Status add(const RoutePattern& pattern);

  /// `path` is the request's, split. kNone when no route fits. At most one visit per tree node.
  [[nodiscard]] uint32_t find(std::string_view method, std::string_view host, const RequestPath& path) const;

  [[nodiscard]] uint32_t size() const { return routes_; }

 private:
  struct MethodRoute {
    std::string method;  ///< empty: any
    uint32_t route = kNone;
  };
  /// A node below another one by a literal segment.
  struct Child {
    uint64_t hash = 0;
    uint32_t parent = 0;  ///< 0: the slot is free
    uint32_t node = 0;
    std::string segment;
  };
  /// One segment deep in the tree of a host.
  struct Node {
    uint32_t literals = 0;          ///< how many
    uint32_t any = 0;               ///< {name}; 0: none
    std::vector<MethodRoute> here;  ///< patterns that end here
    std::vector<MethodRoute> rest;  ///< patterns that end here in **
  };
  struct Host {
    std::string name;  ///< in lower case, without "*."
    uint32_t root = 0;
  };

  uint32_t root_for(std::string_view host);
  uint32_t descend(uint32_t from, std::string_view segment);
  [[nodiscard]] size_t slot_of(uint32_t parent, std::string_view segment) const;
  void make_room();
  Status take(std::vector<MethodRoute>& list, const RoutePattern& pattern);
  [[nodiscard]] uint32_t find_below(uint32_t root, std::string_view method, const RequestPath& path) const;
  [[nodiscard]] uint32_t visit(uint32_t node, size_t depth, std::string_view method, const RequestPath& path) const;
  static uint32_t pick(const std::vector<MethodRoute>& list, std::string_view method);

  std::vector<Node> nodes_;      ///< 0 is no node
  std::vector<Child> children_;  ///< of all nodes, by hash; a power of two of them, at most half of them taken
  size_t child_count_ = 0;
  std::vector<Host> hosts_;  ///< exact, sorted
  std::vector<Host> suffixes_;
  uint32_t any_host_ = 0;
  uint32_t routes_ = 0;
};

/// A path pattern's segments, or why it is none: "/" first; {name} is a whole segment; ** only at the end.
Result<std::vector<std::string>> parse_path_pattern(std::string_view pattern);

}  // namespace weir
