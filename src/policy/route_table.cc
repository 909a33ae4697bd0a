#include "policy/route_table.h"

#include <xxhash.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr size_t kHostBytesMax = 255;  // RFC 1035, 3.1
constexpr size_t kChildSlotsMin = 16;

/// The policy chooses what stands in the table, so that no request can make its look-ups long.
uint64_t child_hash(uint32_t parent, std::string_view segment) {
  return XXH3_64bits_withSeed(segment.data(), segment.size(), parent);
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{');
}

tl::unexpected<Error> bad(std::string detail) {
  return fail(ErrorCode::kInvalidArgument, "policy", std::move(detail));
}

/// A request's host as patterns name it: in lower case, without port and the root's dot. Too long: empty.
std::string_view plain_host(std::string_view host, std::array<char, kHostBytesMax>& buffer) {
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.size() > buffer.size()) return {};
  std::transform(host.begin(), host.end(), buffer.begin(), to_lower);
  return {buffer.data(), host.size()};
}

template <typename Sorted, typename Key>
auto position_of(Sorted& sorted, std::string_view text, Key key) {
  return std::lower_bound(sorted.begin(), sorted.end(), text, [&](const auto& entry, std::string_view wanted) {
    return std::string_view(key(entry)) < wanted;
  });
}

}  // namespace

Result<std::vector<std::string>> parse_path_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) return bad("a path pattern starts with '/'");
  std::vector<std::string> segments;
  for (std::string_view rest = pattern.substr(1); !rest.empty();) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (segment.empty()) return bad("an empty segment in '" + std::string(pattern) + "'");
    if (!segments.empty() && segments.back() == "**") return bad("** stands only at the end of a path");
    const bool parameter = segment.starts_with('{') && segment.ends_with('}') && segment.size() > 2 &&
                           segment.find_first_of("{}", 1) == segment.size() - 1;
    if (!parameter && segment.find_first_of("{}") != std::string_view::npos)
      return bad("{name} takes a whole segment of a path, not a part as in '" + std::string(segment) + "'");
    if (segment != "**" && segment.find('*') != std::string_view::npos)
      return bad("'" + std::string(segment) + "': write {name} for any one segment, ** for any rest");
    if (segment.find_first_of("%?#;") != std::string_view::npos || segment == "." || segment == "..")
      return bad("'" + std::string(segment) + "': segments are written decoded, without parameters and query");
    segments.emplace_back(segment);
  }
  if (segments.size() >= RequestPath::kSegmentsMax) return bad("more than 63 segments in a path");
  return segments;
}

RouteTable::RouteTable() : nodes_(1), children_(kChildSlotsMin) {}

Status RouteTable::add(const RoutePattern& pattern) {
  const auto segments = parse_path_pattern(pattern.path);
  if (!segments) return tl::unexpected(segments.error());
  const std::string_view host = pattern.host.starts_with("*.") ? pattern.host.substr(2) : pattern.host;
  if (host.size() > kHostBytesMax || host.find_first_of("*/ :") != std::string_view::npos ||
      (host.empty() && !pattern.host.empty()) || host.starts_with('.') || host.ends_with('.'))
    return bad("'" + std::string(pattern.host) + "' is no host or *.suffix");
  uint32_t node = root_for(pattern.host);
  for (const auto& segment : *segments)
    if (segment != "**") node = descend(node, segment);
  const bool open = !segments->empty() && segments->back() == "**";
  if (auto taken = take(open ? nodes_[node].rest : nodes_[node].here, pattern); !taken) return taken;
  ++routes_;
  return {};
}

uint32_t RouteTable::root_for(std::string_view host) {
  const auto new_root = [this] {
    nodes_.emplace_back();
    return static_cast<uint32_t>(nodes_.size() - 1);
  };
  if (host.empty()) {
    if (any_host_ == 0) any_host_ = new_root();
    return any_host_;
  }
  const bool is_suffix = host.starts_with("*.");
  auto& list = is_suffix ? suffixes_ : hosts_;
  const std::string name = lower_case(is_suffix ? host.substr(2) : host);
  const auto at = position_of(list, name, [](const Host& entry) -> const std::string& { return entry.name; });
  if (at != list.end() && at->name == name) return at->root;
  const uint32_t root = new_root();
  list.insert(at, {name, root});
  return root;
}

uint32_t RouteTable::descend(uint32_t from, std::string_view segment) {
  const auto next = static_cast<uint32_t>(nodes_.size());
  if (is_parameter(segment)) {
    if (nodes_[from].any != 0) return nodes_[from].any;
    nodes_[from].any = next;
  } else {
    make_room();
    Child& child = children_[slot_of(from, segment)];
    if (child.parent != 0) return child.node;
    child = {child_hash(from, segment), from, next, std::string(segment)};
    ++child_count_;
    ++nodes_[from].literals;
  }
  nodes_.emplace_back();
  return next;
}

/// Where the child is, or the free slot where it would be.
size_t RouteTable::slot_of(uint32_t parent, std::string_view segment) const {
  const uint64_t hash = child_hash(parent, segment);
  const size_t last = children_.size() - 1;
  size_t slot = hash & last;
  const auto is_other = [&](const Child& child) {
    return child.hash != hash || child.parent != parent || child.segment != segment;
  };
  while (children_[slot].parent != 0 && is_other(children_[slot]))
    slot = (slot + 1) & last;
  return slot;
}

/// For one more child.
void RouteTable::make_room() {
  if ((child_count_ + 1) * 2 <= children_.size()) return;
  std::vector<Child> before(children_.size() * 2);
  before.swap(children_);
  for (Child& child : before)
    if (child.parent != 0) children_[slot_of(child.parent, child.segment)] = std::move(child);
}

Status RouteTable::take(std::vector<MethodRoute>& list, const RoutePattern& pattern) {
  const auto add_one = [&](const std::string& method) -> Status {
    for (const auto& earlier : list) {
      if (earlier.method == method)
        return bad("takes the same requests as route " + std::to_string(earlier.route + 1) +
                   (method.empty() ? "" : " (" + method + ")"));
    }
    list.push_back({method, routes_});
    return {};
  };
  if (pattern.methods.empty()) return add_one("");
  for (const auto& method : pattern.methods)
    if (auto added = add_one(method); !added) return added;
  return {};
}

uint32_t RouteTable::find(std::string_view method, std::string_view host, const RequestPath& path) const {
  if (!hosts_.empty() || !suffixes_.empty()) {
    std::array<char, kHostBytesMax> buffer;
    std::string_view name = plain_host(host, buffer);
    const auto by_name = [](const Host& entry) -> const std::string& { return entry.name; };
    const auto exact = position_of(hosts_, name, by_name);
    if (exact != hosts_.end() && exact->name == name)
      if (const uint32_t route = find_below(exact->root, method, path); route != kNone) return route;
    for (size_t dot = name.find('.'); dot != std::string_view::npos && !suffixes_.empty(); dot = name.find('.')) {
      name.remove_prefix(dot + 1);
      const auto suffix = position_of(suffixes_, name, by_name);
      if (suffix == suffixes_.end() || suffix->name != name) continue;
      if (const uint32_t route = find_below(suffix->root, method, path); route != kNone) return route;
    }
  }
  return find_below(any_host_, method, path);
}

uint32_t RouteTable::find_below(uint32_t root, std::string_view method, const RequestPath& path) const {
  return root == 0 ? kNone : visit(root, 0, method, path);
}

// Recursion is as deep as the pattern is long (63 at most).
uint32_t RouteTable::visit(uint32_t index, size_t depth, std::string_view method, const RequestPath& path) const {
  const Node& node = nodes_[index];
  const auto segments = path.segments();
  if (depth < segments.size()) {
    const std::string_view segment = segments[depth];
    if (node.literals != 0) {
      const Child& child = children_[slot_of(index, segment)];
      if (child.parent != 0)
        if (const uint32_t route = visit(child.node, depth + 1, method, path); route != kNone) return route;
    }
    if (node.any != 0)
      if (const uint32_t route = visit(node.any, depth + 1, method, path); route != kNone) return route;
  } else if (!path.cut()) {
    if (const uint32_t route = pick(node.here, method); route != kNone) return route;
  }
  return pick(node.rest, method);
}

uint32_t RouteTable::pick(const std::vector<MethodRoute>& list, std::string_view method) {
  // HEAD is GET without a body (RFC 9110, 9.3.2), so a route of GET takes it unless one of HEAD does.
  uint32_t get = kNone, any = kNone;
  for (const auto& entry : list) {
    if (entry.method == method) return entry.route;
    if (method == "HEAD" && entry.method == "GET") get = entry.route;
    if (entry.method.empty()) any = entry.route;
  }
  return get != kNone ? get : any;
}

}  // namespace weir
