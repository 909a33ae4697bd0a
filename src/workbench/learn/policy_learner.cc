#include "workbench/learn/policy_learner.h"

#include <algorithm>
#include <set>
#include <vector>

#include "base/ascii.h"
#include "evidence/request_facts.h"
#include "policy/query_pairs.h"
#include "policy/request_check.h"

namespace weir {
namespace {

/// Of a route: so many requests say which names there are, if none of them came only once.
constexpr uint64_t kNamesEvidenceMin = 1'000;
/// So many say which methods a path has.
constexpr uint64_t kMethodsEvidenceMin = 500;
constexpr uint64_t kRequiredEvidenceMin = 200;
constexpr uint64_t kContentTypeEvidenceMin = 100;
constexpr size_t kContentTypesMax = 8;

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= 20 && std::all_of(text.begin(), text.end(), is_ascii_upper);
}

/// An application's route answered: not the server for it, and not with "there is none".
bool is_answered(const Event& event) {
  return !event.has(EventFlag::kMalformed) && is_method(event.method) && event.path.starts_with('/') &&
         event.status != 404 && event.status != 405 && event.status < 500 && event.status != 400;
}

/// What a policy can name; no host at all is one, too: any.
bool is_host_name(std::string_view host) {
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return is_ascii_lower(c) || is_ascii_digit(c) || c == '.' || c == '-' || c == '_'; });
}

/// "application/json; charset=utf-8" without its parameters, in lower case.
std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' '))
    type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(), to_lower);
  return type;
}

/// Segments that no pattern can hold as they are.
bool is_odd(std::string_view segment) {
  return segment.find_first_of("{}*/") != std::string_view::npos ||
         std::any_of(segment.begin(), segment.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

/// "v1", "v2.1": of an interface, not of a thing.
bool is_version(std::string_view segment) {
  constexpr size_t kBytesMax = 6;
  return segment.size() >= 2 && segment.size() <= kBytesMax && segment.front() == 'v' && is_ascii_digit(segment[1]) &&
         std::all_of(segment.begin() + 1, segment.end(), [](char c) { return is_ascii_digit(c) || c == '.'; });
}

std::string counted(uint64_t part, uint64_t whole) {
  return "in " + std::to_string(part) + " of " + std::to_string(whole);
}

}  // namespace

/// One method of one path.
struct PolicyLearner::Operation {
  using Name = std::pair<Place, std::string>;
  uint64_t requests = 0, with_body = 0, with_type = 0;
  bool has_too_many_names = false;
  std::map<Name, LearnedValues> parameters;
  std::map<Name, uint64_t> requests_with;  ///< a name counts once for a request
  std::map<std::string, uint64_t> content_types;

  void add(const Operation& other) {
    requests += other.requests;
    with_body += other.with_body;
    with_type += other.with_type;
    has_too_many_names = has_too_many_names || other.has_too_many_names;
    for (const auto& [name, values] : other.parameters)
      parameters[name].add(values);
    for (const auto& [name, times] : other.requests_with)
      requests_with[name] += times;
    for (const auto& [type, times] : other.content_types)
      content_types[type] += times;
  }
};

/// What stands below one segment of paths.
struct PolicyLearner::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> any;  ///< {id}
  LearnedValues any_values;   ///< what stood there
  bool is_folded = false;     ///< names are values here
  std::map<std::string, Operation> here,
      rest;  ///< by method: of paths that end here; of those that go on beyond the bound

  void add(std::unique_ptr<Node> other) {
    for (auto& [name, child] : other->literals)
      take(literals[name], std::move(child));
    if (other->any) take(any, std::move(other->any));
    any_values.add(other->any_values);
    is_folded = is_folded || other->is_folded;
    for (const auto& [method, operation] : other->here)
      here[method].add(operation);
    for (const auto& [method, operation] : other->rest)
      rest[method].add(operation);
  }

  static void take(std::unique_ptr<Node>& into, std::unique_ptr<Node> from) {
    if (into)
      into->add(std::move(from));
    else
      into = std::move(from);
  }
};

PolicyLearner::PolicyLearner() = default;
PolicyLearner::~PolicyLearner() = default;

void PolicyLearner::add(const Event& event, const DecodedRecord& record) {
  if (!is_answered(event)) {
    ++unanswered_;
    return;
  }
  std::string host(event.host.substr(0, event.host.find(':')));
  std::transform(host.begin(), host.end(), host.begin(), to_lower);
  if (!hosts_.contains(host)) {
    if (!is_host_name(host) || hosts_.size() >= kHostsMax || nodes_ >= kNodesMax) {
      ++left_out_;
      return;
    }
    ++nodes_;
    hosts_.emplace(host, std::make_unique<Node>());
  }
  path_.split(event.path);
  bool has_rest = path_.cut();
  Node* node = node_of(*hosts_[host], path_, has_rest);
  if (node == nullptr) {
    ++left_out_;
    return;
  }
  ++taken_;
  // HEAD asks for what GET would answer.
  auto& operations = has_rest ? node->rest : node->here;
  Operation& operation = operations[event.method == "HEAD" ? "GET" : std::string(event.method)];
  ++operation.requests;
  url_bytes_ = std::max(url_bytes_, static_cast<uint32_t>(event.path.size() + event.query.size() + 1));
  request_bytes_ = std::max({request_bytes_, event.request_bytes, uint64_t{event.body.size()}});
  add_parameters(operation, event, record);
}

PolicyLearner::Node* PolicyLearner::node_of(Node& root, const RequestPath& path, bool& has_rest) {
  Node* node = &root;
  size_t depth = 0;
  for (const auto segment : path.segments()) {
    if (depth++ == kSegmentsMax) {
      has_rest = true;
      return node;
    }
    const auto known = node->literals.find(segment);
    if (known != node->literals.end()) {
      node = known->second.get();
      continue;
    }
    const bool is_value = node->is_folded || is_odd(segment) || (!is_version(segment) && folded_route(segment) == "/*");
    auto& child = is_value ? node->any : node->literals[std::string(segment)];
    if (!child) {
      if (nodes_ >= kNodesMax) {
        if (!is_value) node->literals.erase(std::string(segment));
        return nullptr;
      }
      ++nodes_;
      child = std::make_unique<Node>();
    }
    if (is_value) node->any_values.add(segment);
    Node* next = child.get();
    if (node->literals.size() > kLiteralsMax) {
      fold(*node);
      next = node->any.get();
    }
    node = next;
  }
  return node;
}

/// From now on names are values here, those that were seen, too.
void PolicyLearner::fold(Node& node) {
  node.is_folded = true;
  for (auto& [name, child] : node.literals) {
    node.any_values.add(name);
    Node::take(node.any, std::move(child));
  }
  node.literals.clear();
}

void PolicyLearner::add_parameters(Operation& operation, const Event& event, const DecodedRecord& record) {
  add_pairs(operation, Place::kQuery, event.query);
  // Of all that will be judged by theirs: few logs have bodies.
  if (is_held_to_content_type(event)) {
    ++operation.with_type;
    if (operation.content_types.size() < kContentTypesMax) ++operation.content_types[media_type(event.content_type)];
  }
  if (event.body.empty()) return;
  ++operation.with_body;
  const auto has_place = [&](Place place) {
    return std::any_of(record.lines.begin(), record.lines.end(), [&](const Line& line) { return line.place == place; });
  };
  if (has_place(Place::kForm)) return add_pairs(operation, Place::kForm, event.body);
  std::set<std::string_view> seen;
  for (const Line& line : record.lines) {
    if (line.place != Place::kJson && line.place != Place::kMultipart) continue;
    if (has(line.steps, DecodeStep::kBase64)) continue;  // a second reading of the line before
    if (!seen.insert(record.name_of(line)).second && line.place == Place::kMultipart) continue;  // a file's content
    add_value(operation, line.place, record.name_of(line), record.value_of(line));
  }
  for (const auto name : seen)
    for (const Place place : {Place::kJson, Place::kMultipart})
      if (const auto known = operation.requests_with.find({place, std::string(name)});
          known != operation.requests_with.end())
        ++known->second;
}

void PolicyLearner::add_pairs(Operation& operation, Place place, std::string_view text) {
  std::set<std::string> seen;
  QueryPair pair;
  while (take_pair(text, pair)) {
    const std::string name(decode_once(pair.name, name_));
    add_value(operation, place, name, decode_once(pair.value, value_));
    seen.insert(name);
  }
  for (const auto& name : seen)
    if (const auto known = operation.requests_with.find({place, name}); known != operation.requests_with.end())
      ++known->second;
}

void PolicyLearner::add_value(Operation& operation, Place place, std::string_view name, std::string_view value) {
  if (name.empty()) return;
  Operation::Name key{place, std::string(name)};
  if (!operation.parameters.contains(key)) {
    if (operation.parameters.size() >= kParametersMax) {
      operation.has_too_many_names = true;
      return;
    }
    operation.requests_with.emplace(key, 0);
  }
  operation.parameters[std::move(key)].add(value);
}

/// Writes the routes of one host, from the nodes of its tree.
class PolicyLearner::RouteWriter {
 public:
  RouteWriter(std::string host, uint64_t evidence_min, PolicySpec& spec, Counts* counts)
      : host_(std::move(host)), evidence_min_(evidence_min), spec_(spec), counts_(counts) {}

  void write(const Node& node) {
    write_path(pattern_.empty() ? "/" : pattern_, node.here);
    write_path(pattern_ + "/**", node.rest);
    const size_t length = pattern_.size();
    for (const auto& [name, child] : node.literals) {
      pattern_ += "/" + name;
      write(*child);
      pattern_.resize(length);
    }
    if (!node.any) return;
    ParameterSpec segment;
    segment.name = segments_.empty() ? "id" : "id" + std::to_string(segments_.size() + 1);
    segment.places = mask_of(Place::kPath);
    segment.form = node.any_values.form();
    segment.note = std::to_string(node.any_values.count()) + " requests";
    pattern_ += "/{" + segment.name + "}";
    segments_.push_back(std::move(segment));
    write(*node.any);
    segments_.pop_back();
    pattern_.resize(length);
  }

 private:
  void write_path(const std::string& pattern, const std::map<std::string, Operation>& operations) {
    uint64_t requests = 0;
    std::vector<std::string> methods;
    for (const auto& [method, operation] : operations) {
      requests += operation.requests;
      methods.push_back(method);
      if (operation.requests >= evidence_min_) write_route(pattern, method, operation);
    }
    if (requests >= kMethodsEvidenceMin) write_other_methods(pattern, std::move(methods), requests);
  }

  void write_route(const std::string& pattern, const std::string& method, const Operation& operation) {
    RouteSpec route;
    route.name = method + " " + host_ + pattern;
    route.methods = {method};
    route.host = host_;
    route.path = pattern;
    route.note = std::to_string(operation.requests) + " requests";
    if (operation.with_type >= kContentTypeEvidenceMin && operation.content_types.size() < kContentTypesMax) {
      route.settings.content_types.emplace();
      for (const auto& [type, times] : operation.content_types)
        route.settings.content_types->push_back(type);
    }
    for (const ParameterSpec& segment : segments_)
      if (segment.form.type == ValueType::kInteger || segment.form.type == ValueType::kUuid)
        route.parameters.push_back(segment);
    for (const auto& [name, values] : operation.parameters)
      route.parameters.push_back(parameter_of(operation, name, values));
    const auto is_rare = [](const auto& item) { return item.second < 2; };
    if (operation.requests >= kNamesEvidenceMin && !operation.has_too_many_names &&
        std::none_of(operation.requests_with.begin(), operation.requests_with.end(), is_rare))
      route.settings.unknown_parameters = false;
    if (counts_ != nullptr) {
      counts_->routes[route.name] += operation.requests;
      for (const auto& [name, times] : operation.requests_with)
        counts_->parameters[{route.name, name.first, name.second}] += times;
    }
    spec_.routes.push_back(std::move(route));
  }

  static ParameterSpec parameter_of(const Operation& operation, const Operation::Name& name,
                                    const LearnedValues& values) {
    ParameterSpec parameter;
    parameter.name = name.second;
    parameter.places = mask_of(name.first);
    parameter.form = values.form();
    const uint64_t of = name.first == Place::kQuery ? operation.requests : operation.with_body;
    const uint64_t with = operation.requests_with.at(name);
    parameter.required = with == of && of >= kRequiredEvidenceMin && values.empty() == 0;
    parameter.note = counted(with, of);
    return parameter;
  }

  void write_other_methods(const std::string& pattern, std::vector<std::string> methods, uint64_t requests) {
    RouteSpec others;
    others.name = host_ + pattern + " (other methods)";
    others.host = host_;
    others.path = pattern;
    others.note = std::to_string(requests) + " requests";
    for (const char* method : {"HEAD", "OPTIONS"})  // browsers and monitors ask so
      if (std::find(methods.begin(), methods.end(), method) == methods.end()) methods.emplace_back(method);
    others.settings.allowed_methods = std::move(methods);
    spec_.routes.push_back(std::move(others));
  }

  std::string host_, pattern_;
  std::vector<ParameterSpec> segments_;  // the {…} of the pattern
  uint64_t evidence_min_;
  PolicySpec& spec_;
  Counts* counts_;  // null: nobody asks
};

PolicySpec PolicyLearner::policy(uint64_t evidence_min, Counts* counts) const {
  PolicySpec spec;
  if (2 * uint64_t{url_bytes_} > PolicySpec::kUrlBytesMax) spec.defaults.url_bytes_max = 2 * url_bytes_;
  if (2 * request_bytes_ > PolicySpec::kRequestBytesMax) spec.defaults.request_bytes_max = 2 * request_bytes_;
  for (const auto& [host, root] : hosts_)
    RouteWriter(host, evidence_min, spec, counts).write(*root);
  return spec;
}

}  // namespace weir
