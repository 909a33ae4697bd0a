#include "rules/condition.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/ascii.h"

namespace weir {
namespace {

constexpr int kDepthMax = 50;

std::vector<std::string_view> tokens_of(std::string_view text) {
  std::vector<std::string_view> tokens;
  size_t i = 0;
  while (i < text.size()) {
    if (std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    if (text[i] != '(' && text[i] != ')' && text[i] != '|')
      while (end < text.size() && std::isspace(static_cast<unsigned char>(text[end])) == 0 && text[end] != '(' &&
             text[end] != ')' && text[end] != '|')
        ++end;
    tokens.push_back(text.substr(i, end - i));
    i = end;
  }
  return tokens;
}

/// '*' in a selection name stands for any characters. Linear space, at most pattern x name steps.
bool name_matches(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

class Parser {
 public:
  Parser(std::string_view text, const std::vector<Selection>& selections, ConditionError& error)
      : tokens_(tokens_of(text)), selections_(selections), error_(error) {}

  std::optional<ConditionNode> parse() {
    if (tokens_.empty()) return fail("the condition is empty");
    auto node = parse_or(0);
    if (!node) return node;
    if (next() == "|")
      return fail("aggregations after '|' are not part of Sigma 2",
                  "count in the thresholds of the configuration instead");
    if (position_ != tokens_.size()) return fail("unexpected '" + std::string(next()) + "' in the condition");
    return node;
  }

 private:
  using Node = std::optional<ConditionNode>;

  [[nodiscard]] std::string_view next() const {
    return position_ < tokens_.size() ? tokens_[position_] : std::string_view();
  }
  bool take(std::string_view word) {
    if (lower_case(next()) != word) return false;
    ++position_;
    return true;
  }
  std::nullopt_t fail(std::string message, std::string hint = {}) {
    if (error_.message.empty()) error_ = {std::move(message), std::move(hint)};
    return std::nullopt;
  }

  Node parse_list(std::string_view word, ConditionNode::Kind kind, int depth, Node (Parser::*inner)(int)) {
    Node first = (this->*inner)(depth);
    if (!first || lower_case(next()) != word) return first;
    ConditionNode list{kind, 0, 0, {}};
    list.children.push_back(std::move(*first));
    while (take(word)) {
      Node more = (this->*inner)(depth);
      if (!more) return more;
      list.children.push_back(std::move(*more));
    }
    return list;
  }
  Node parse_or(int depth) { return parse_list("or", ConditionNode::Kind::kOr, depth, &Parser::parse_and); }
  Node parse_and(int depth) { return parse_list("and", ConditionNode::Kind::kAnd, depth, &Parser::parse_not); }

  Node parse_not(int depth) {
    if (depth > kDepthMax) return fail("the condition is nested too deeply");
    if (!take("not")) return parse_primary(depth);
    Node inner = parse_not(depth + 1);
    if (!inner) return inner;
    ConditionNode node{ConditionNode::Kind::kNot, 0, 0, {}};
    node.children.push_back(std::move(*inner));
    return node;
  }

  Node parse_primary(int depth) {
    const std::string_view token = next();
    if (token.empty()) return fail("the condition ends where a selection is expected");
    if (take("(")) {
      Node inner = parse_or(depth + 1);
      if (inner && !take(")")) return fail("a parenthesis is not closed");
      return inner;
    }
    if (token == ")" || token == "|") return fail("unexpected '" + std::string(token) + "' in the condition");
    if (position_ + 1 < tokens_.size() && lower_case(tokens_[position_ + 1]) == "of") return parse_quantifier();
    const std::string word = lower_case(token);
    if (word == "and" || word == "or" || word == "of")
      return fail("'" + word + "' stands where a selection is expected");
    ++position_;
    for (uint32_t i = 0; i < selections_.size(); ++i)
      if (selections_[i].name == token) return ConditionNode{ConditionNode::Kind::kSelection, i, 0, {}};
    return fail("the condition names '" + std::string(token) + "', which the detection does not define");
  }

  Node parse_quantifier() {
    const std::string quantity = lower_case(tokens_[position_]);
    position_ += 2;
    const std::string_view pattern = next();
    if (pattern.empty() || pattern == "(" || pattern == ")") return fail("'of' needs a selection name or 'them'");
    ++position_;
    std::vector<ConditionNode> children;
    for (uint32_t i = 0; i < selections_.size(); ++i) {
      const std::string& name = selections_[i].name;
      // By the specification "them" leaves out names that start with an underscore.
      if (pattern == "them" ? name[0] != '_' : name_matches(pattern, name))
        children.push_back({ConditionNode::Kind::kSelection, i, 0, {}});
    }
    if (children.empty()) return fail("no selection is called '" + std::string(pattern) + "'");
    return quantified(quantity, std::move(children));
  }

  Node quantified(const std::string& quantity, std::vector<ConditionNode> children) {
    if (quantity == "all") return ConditionNode{ConditionNode::Kind::kAnd, 0, 0, std::move(children)};
    if (quantity == "1" || quantity == "any") return ConditionNode{ConditionNode::Kind::kOr, 0, 0, std::move(children)};
    uint32_t count = 0;
    const auto parsed = std::from_chars(quantity.data(), quantity.data() + quantity.size(), count);
    if (parsed.ec != std::errc() || parsed.ptr != quantity.data() + quantity.size() || count == 0)
      return fail("'" + quantity + " of' is no quantity", "write a number from 1, 'any' or 'all'");
    if (count > children.size())
      return fail("'" + quantity + " of' can never hold: only " + std::to_string(children.size()) + " selections fit");
    return ConditionNode{ConditionNode::Kind::kAtLeast, 0, count, std::move(children)};
  }

  std::vector<std::string_view> tokens_;
  const std::vector<Selection>& selections_;
  ConditionError& error_;
  size_t position_ = 0;
};

}  // namespace

std::optional<ConditionNode> parse_condition(std::string_view text, const std::vector<Selection>& selections,
                                             ConditionError& error) {
  error = {};
  return Parser(text, selections, error).parse();
}

void mark_used(const ConditionNode& node, std::vector<bool>& used) {
  if (node.kind == ConditionNode::Kind::kSelection) used.at(node.selection) = true;
  for (const auto& child : node.children)
    mark_used(child, used);
}

}  // namespace weir
