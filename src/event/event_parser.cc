#include "event/event_parser.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "base/assert.h"
#include "base/byte_search.h"
#include "base/utf8.h"
#include "event/event_builder.h"
#include "event/json/json_reader.h"
#include "event/json/near_json.h"
#include "event/json/otlp_protobuf.h"
#include "event/line_prefix.h"
#include "event/profile_index.h"
#include "event/record_fields.h"
#include "event/record_items.h"
#include "event/text/column_line.h"
#include "event/text/text_fields.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kRewrittenBytesKept = 256 << 10;
constexpr int kLayersMax = 4;  // of envelopes within envelopes, and of prefixes before a line

enum class WantedAddress : uint8_t { kReadable, kAny };

ProfileIndex compiled(const InputProfile& profile) {
  auto index = ProfileIndex::compile(profile);
  WEIR_ASSERT(index.has_value(), "the profile was not validated");
  return std::move(*index);
}

PointerTable compiled(const std::vector<std::string>& pointers) {
  auto table = PointerTable::compile(pointers);
  WEIR_ASSERT(table.has_value(), "the pointers of the profile were not validated");
  return std::move(*table);
}

std::vector<TextForm> forms_of(const InputProfile& profile) {
  std::vector<TextForm> forms;
  forms.reserve(profile.texts.size());
  for (const TextFormat& format : profile.texts)
    forms.emplace_back(format);
  return forms;
}

std::vector<std::string> outer_pointers(const InputProfile& profile) {
  auto pointers = profile.unwrap;
  if (!profile.split.empty()) pointers.push_back(profile.split);
  for (const SkipRule& rule : profile.skips)
    if (!rule.pointer.empty()) pointers.push_back(rule.pointer);
  return pointers;
}

// An object, or a list of objects, lists or texts; "[28/Nov/2026 …" is text.
bool starts_json(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (text.starts_with('{')) return true;
  if (!text.starts_with('[')) return false;
  const auto next = text.find_first_not_of(" \t\r\n", 1);
  return next == std::string_view::npos || std::string_view("{[\"]").find(text[next]) != std::string_view::npos;
}

// The members of an object without its braces, as a log's format in JSON has them from which these were left out.
bool lacks_braces(std::string_view text) {
  constexpr size_t kNameBytesMax = 64;
  if (!text.starts_with('"')) return false;
  const size_t end = text.substr(0, kNameBytesMax).find('"', 1);
  if (end == std::string_view::npos || end == 1 || text.substr(0, end).find_first_of(" /") != std::string_view::npos)
    return false;
  const size_t next = text.find_first_not_of(" \t", end + 1);
  return next != std::string_view::npos && text[next] == ':';
}

// A schema registry's framing: a zero and four bytes for the schema, which JSON's readers do not need.
std::string_view without_registry_frame(std::string_view record) {
  constexpr size_t kFrameBytes = 5;
  const bool framed =
      record.size() > kFrameBytes && record[0] == '\0' && (record[kFrameBytes] == '{' || record[kFrameBytes] == '[');
  return framed ? record.substr(kFrameBytes) : record;
}

// Whether the line begins like the pattern, in which 9 stands for any digit.
bool begins_like(std::string_view line, std::string_view pattern) {
  if (line.size() < pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const bool digit = line[i] >= '0' && line[i] <= '9';
    if (pattern[i] == '9' ? !digit : line[i] != pattern[i]) return false;
  }
  return true;
}

// The same, or for "http.log.*" anything that begins so.
bool is_like(std::string_view text, std::string_view wanted) {
  return wanted.ends_with('*') ? text.starts_with(wanted.substr(0, wanted.size() - 1)) : text == wanted;
}

/// Where the outer table keeps what the profile names: looking a pointer up takes it apart, which no record should pay for.
struct OuterSlots {
  OuterSlots(const InputProfile& profile, const PointerTable& table) {
    if (!profile.split.empty()) split = table.slot_of(profile.split);
    for (const std::string& pointer : profile.unwrap)
      unwrap.push_back(table.slot_of(pointer));
    for (const SkipRule& rule : profile.skips)
      if (!rule.pointer.empty()) skips.push_back({&rule, table.slot_of(rule.pointer)});
  }

  struct Skip {
    const SkipRule* rule;
    uint16_t slot;
  };
  std::optional<uint16_t> split;
  std::vector<uint16_t> unwrap;
  std::vector<Skip> skips;
};

ParseOutcome rejected(RejectReason reason, std::string detail) {
  return {reason, std::move(detail)};
}

}  // namespace

struct EventStorage::Impl {
  JsonDocument document;
  JsonDocument outer{JsonDocument::Room::kNone};
  HeaderList headers;
  Arena texts;
  TextUnescaper unescaper;
  std::string line;
};

struct EventParser::Impl {
  using Storage = EventStorage::Impl;

  explicit Impl(InputOptions given)
      : options(std::move(given)),
        index(compiled(options.profile)),
        outer_table(compiled(outer_pointers(options.profile))),
        outer_slots(options.profile, outer_table),
        reads_outer(!outer_pointers(options.profile).empty()),
        reads_json(options.profile.reads_json()),
        forms(forms_of(options.profile)),
        columns(options.profile),
        reader(options.depth_max),
        fields(index.table, options.profile.header_prefixes),
        outer_fields(outer_table, {}),
        items(options.requests_max),
        builder(options) {}

  void begin(std::string_view given, EventTime reference);
  Next next(Storage& storage, Event& event, ParseOutcome& outcome);

  std::string_view without_binary_form(std::string_view given);
  Next read(std::string_view text, int layer, Storage& storage, Event& event, ParseOutcome& outcome);
  Next read_json(std::string_view text, int layer, Storage& storage, Event& event, ParseOutcome& outcome);
  Next read_object(const dom::object& object, int layer, Storage& storage, Event& event, ParseOutcome& outcome);
  Next read_envelope(const dom::object& object, int layer, Storage& storage, Event& event, ParseOutcome& outcome);
  Next read_record(const dom::object& object, Storage& storage, Event& event, ParseOutcome& outcome);
  Next read_line(std::string_view text, int layer, Storage& storage, Event& event, ParseOutcome& outcome);
  bool read_text(std::string_view text, Storage& storage, Event& event);
  bool read_forms(std::string_view line, WantedAddress address, Storage& storage, Event& event);
  bool read_cut(std::string_view line, Storage& storage, Event& event);
  bool read_form(const TextForm& form, std::string_view line, TextFit wanted, WantedAddress address, Storage& storage,
                 Event& event);
  bool build(const RawRecord& record, const Candidates& candidates, Storage& storage, Event& event);
  Next read_list(const dom::array& list, Storage& storage, Event& event, ParseOutcome& outcome);
  Next start_items(Storage& storage, Event& event, ParseOutcome& outcome);
  [[nodiscard]] bool skips_line(std::string_view line) const;
  [[nodiscard]] bool skips_object() const;

  InputOptions options;
  ProfileIndex index;
  PointerTable outer_table;  // of envelopes, lists of records and rules to skip
  OuterSlots outer_slots;
  bool reads_outer;
  bool reads_json;
  std::vector<TextForm> forms;
  ColumnLine columns;
  JsonReader reader;
  RecordFields fields;
  RecordFields outer_fields;
  TextFields text_fields;
  RecordItems items;
  EventBuilder builder;
  TimeClues clues;
  std::string_view record;
  enum class State : uint8_t { kBegun, kItems, kDone } state = State::kDone;
  uint8_t record_flags = 0;  // of the whole record, for each of its items
  std::string otlp;          // the record, where it was protobuf
  std::string braced;        // a record whose braces were left out of the log's format, with them
  EventStorage own_storage;
};

void EventParser::Impl::begin(std::string_view given, EventTime reference) {
  record = given;
  clues.zone = options.time_zone;
  clues.reference = reference;
  record_flags = 0;
  state = State::kBegun;
}

EventParser::Next EventParser::Impl::next(Storage& storage, Event& event, ParseOutcome& outcome) {
  event = Event{};
  outcome.reason = RejectReason::kNone;
  Next result = Next::kEnd;
  if (state == State::kBegun) {
    state = State::kDone;
    items.clear();
    if (record.empty()) {
      outcome = rejected(RejectReason::kEmpty, "no bytes");
      return Next::kReject;
    }
    if (record.size() > options.record_bytes_max) {
      outcome = rejected(RejectReason::kTooLarge, "more than record_bytes_max");
      return Next::kReject;
    }
    result = read(without_binary_form(record), 0, storage, event, outcome);
  } else if (state == State::kItems && !items.at_end()) {
    event.flags = record_flags;
    result = read(items.next(), 1, storage, event, outcome);
  } else if (state == State::kItems) {
    state = State::kDone;
    if (!items.is_cut()) return Next::kEnd;
    outcome = rejected(RejectReason::kTooLarge, "more than requests_max in one record");
    return Next::kReject;
  }
  if (result != Next::kEvent) event = Event{};
  return result;
}

// The JSON that a record in protobuf stands for, or what stands behind a registry's frame.
std::string_view EventParser::Impl::without_binary_form(std::string_view given) {
  // Each level of an OTLP value is three of JSON, and some ten stand around it.
  constexpr size_t kLevelsAround = 10, kLevelsEach = 3;
  if (!reads_json || !may_be_otlp_protobuf(given)) return without_registry_frame(given);
  if (otlp.capacity() > kRewrittenBytesKept) otlp = {};
  const size_t depth = options.depth_max > kLevelsAround ? (options.depth_max - kLevelsAround) / kLevelsEach : 0;
  return otlp_as_json(given, depth, otlp) ? std::string_view(otlp) : given;
}

// What stands in a record, an envelope or a list: JSON, or a line of text.
EventParser::Next EventParser::Impl::read(std::string_view text, int layer, Storage& storage, Event& event,
                                          ParseOutcome& outcome) {
  text = trimmed_line(text);
  if (text.empty()) {
    outcome = rejected(RejectReason::kEmpty, "only white space");
    return Next::kReject;
  }
  if (layer > kLayersMax) {
    outcome = rejected(RejectReason::kTooDeep, "more than four envelopes within each other");
    return Next::kReject;
  }
  if (starts_json(text) && (reads_json || reads_outer)) return read_json(text, layer, storage, event, outcome);
  if (reads_json && lacks_braces(text)) {
    if (braced.capacity() > kRewrittenBytesKept) braced = {};
    braced.assign("{").append(text).append("}");
    event.set(EventFlag::kSalvaged);
    return read_json(braced, layer, storage, event, outcome);
  }
  return read_line(text, layer, storage, event, outcome);
}

EventParser::Next EventParser::Impl::read_json(std::string_view text, int layer, Storage& storage, Event& event,
                                               ParseOutcome& outcome) {
  // What is read now may stand in the document of the layer around it.
  auto& document = reads_outer && layer % 2 == 0 ? storage.outer : storage.document;
  const auto loaded = reader.load(text, document);
  if (loaded.reason != RejectReason::kNone) {
    outcome = rejected(loaded.reason, loaded.detail);
    return Next::kReject;
  }
  if (loaded.repaired) event.set(EventFlag::kUtf8Repaired);
  if (loaded.mended) event.set(EventFlag::kSalvaged);
  dom::array list;
  if (loaded.root.get(list) == simdjson::SUCCESS) return read_list(list, storage, event, outcome);
  dom::object object;
  if (loaded.root.get(object) != simdjson::SUCCESS) {
    outcome = rejected(RejectReason::kNotAnObject, "the record is JSON, but no object");
    return Next::kReject;
  }
  return read_object(object, layer, storage, event, outcome);
}

EventParser::Next EventParser::Impl::read_object(const dom::object& object, int layer, Storage& storage, Event& event,
                                                 ParseOutcome& outcome) {
  if (!reads_outer) return read_record(object, storage, event, outcome);
  outer_fields.gather(object, storage.texts);
  if (skips_object()) return Next::kSkip;
  if (outer_slots.split) {
    const auto* found = outer_fields.at(*outer_slots.split);
    dom::array list;
    if (found != nullptr && found->kind == RawValue::Kind::kNested &&
        outer_fields.nested(*found).get(list) == simdjson::SUCCESS)
      return read_list(list, storage, event, outcome);
  }
  if (options.profile.unwrap.empty()) return read_record(object, storage, event, outcome);
  return read_envelope(object, layer, storage, event, outcome);
}

EventParser::Next EventParser::Impl::read_envelope(const dom::object& object, int layer, Storage& storage, Event& event,
                                                   ParseOutcome& outcome) {
  for (const uint16_t slot : outer_slots.unwrap) {
    const auto* payload = outer_fields.at(slot);
    if (payload == nullptr) continue;
    if (payload->is_text() && !payload->text.empty()) return read(payload->text, layer + 1, storage, event, outcome);
    dom::object inner;
    if (payload->kind == RawValue::Kind::kNested && outer_fields.nested(*payload).get(inner) == simdjson::SUCCESS)
      return read_record(inner, storage, event, outcome);
  }
  // What was in an envelope may be a record without a further one.
  if (layer > 0) return read_record(object, storage, event, outcome);
  outcome = rejected(RejectReason::kBadUnwrap, "no text and no object at " + options.profile.unwrap.front());
  return Next::kReject;
}

EventParser::Next EventParser::Impl::read_record(const dom::object& object, Storage& storage, Event& event,
                                                 ParseOutcome& outcome) {
  const uint8_t flags = event.flags;
  storage.texts.clear();
  fields.gather(object, storage.texts);
  if (build(fields, index.candidates, storage, event)) return Next::kEvent;
  event = Event{};
  event.flags = flags;
  if (state != State::kItems && (items.take_otlp(object) || items.take_loki_push(object)))
    return start_items(storage, event, outcome);
  outcome = rejected(RejectReason::kMissingField, "no path or target, and no address with a method or status");
  return Next::kReject;
}

EventParser::Next EventParser::Impl::read_list(const dom::array& list, Storage& storage, Event& event,
                                               ParseOutcome& outcome) {
  if (state == State::kItems) {
    outcome = rejected(RejectReason::kNotAnObject, "a list within a list of records");
    return Next::kReject;
  }
  items.take_list(list);
  return start_items(storage, event, outcome);
}

// The first item of a list takes the place of the record.
EventParser::Next EventParser::Impl::start_items(Storage& storage, Event& event, ParseOutcome& outcome) {
  if (items.at_end()) {
    outcome = rejected(RejectReason::kNotAnObject, "a list without records");
    return Next::kReject;
  }
  state = State::kItems;
  record_flags = event.flags;
  return read(items.next(), 1, storage, event, outcome);
}

EventParser::Next EventParser::Impl::read_line(std::string_view text, int layer, Storage& storage, Event& event,
                                               ParseOutcome& outcome) {
  if (columns.is_directive(text)) {
    columns.learn(text);
    return Next::kSkip;
  }
  if (options.profile.reads_text() && read_text(text, storage, event)) return Next::kEvent;
  if (skips_line(text)) return Next::kSkip;
  // JSON behind the header of a shipper, whatever that looks like.
  const size_t json = reads_json || reads_outer ? find_json_object(text) : std::string_view::npos;
  if (json != std::string_view::npos) return read_json(text.substr(json), layer, storage, event, outcome);
  const bool has_text = options.profile.reads_text();
  outcome = rejected(has_text ? RejectReason::kUnknownLine : RejectReason::kInvalidJson,
                     has_text ? "a line of none of the formats of profile " + options.profile.name : "no JSON object");
  return Next::kReject;
}

// A line of one of the profile's formats, with or without what stands before it; at last one that was cut off.
bool EventParser::Impl::read_text(std::string_view text, Storage& storage, Event& event) {
  storage.line.clear();
  if (simdjson::validate_utf8(text.data(), text.size())) {
    storage.line += text;
  } else {
    append_valid_utf8(text, storage.line);
    event.set(EventFlag::kUtf8Repaired);
  }
  std::array<std::string_view, kLayersMax + 1> lines;
  size_t count = 0;
  for (std::string_view line = storage.line; count < lines.size();) {
    if (read_forms(line, WantedAddress::kReadable, storage, event)) return true;
    lines[count++] = line;
    const auto rest = without_line_prefix(line);
    if (rest.size() == line.size()) break;
    line = rest;
  }
  // A form that makes no address of what it takes for one fits only if no other does.
  for (size_t i = count; i-- > 0;)
    if (read_forms(lines[i], WantedAddress::kAny, storage, event)) return true;
  for (size_t i = count; i-- > 0;)
    if (read_cut(lines[i], storage, event)) return true;
  return false;
}

bool EventParser::Impl::read_forms(std::string_view line, WantedAddress address, Storage& storage, Event& event) {
  // Those with as many quotes first: to find out that a form does not fit takes as long as reading by it.
  const auto quotes = count_byte(line, '"');
  for (const bool has_as_many : {true, false}) {
    for (const TextForm& form : forms)
      if ((form.quotes.value_or(quotes) == quotes) == has_as_many &&
          read_form(form, line, TextFit::kWhole, address, storage, event))
        return true;
  }
  const TextForm* form = columns.form_for(line);
  return form != nullptr && read_form(*form, line, TextFit::kWhole, address, storage, event);
}

// By the form that gets furthest: the others fit by chance.
bool EventParser::Impl::read_cut(std::string_view line, Storage& storage, Event& event) {
  const TextForm* best = nullptr;
  size_t furthest = 0;
  for (const TextForm& form : forms) {
    if (!text_fields.read(form, line, TextFit::kCut, storage.unescaper) || text_fields.pieces_read() <= furthest)
      continue;
    best = &form;
    furthest = text_fields.pieces_read();
  }
  return best != nullptr && read_form(*best, line, TextFit::kCut, WantedAddress::kAny, storage, event);
}

bool EventParser::Impl::read_form(const TextForm& form, std::string_view line, TextFit wanted, WantedAddress address,
                                  Storage& storage, Event& event) {
  if (!text_fields.read(form, line, wanted, storage.unescaper)) return false;
  const uint8_t flags = event.flags;
  storage.texts.clear();
  if (storage.unescaper.repaired()) event.set(EventFlag::kUtf8Repaired);
  if (wanted == TextFit::kCut) event.set(EventFlag::kSalvaged);
  // A line of another form may fit by chance; then what should be its time or address is none.
  const bool has_time = wanted == TextFit::kWhole || !form.candidates[kFieldTime].empty();
  const bool fits = build(text_fields, form.candidates, storage, event) && has_time &&
                    !(event.has(EventFlag::kNoTime) && (wanted == TextFit::kCut || event.has(EventFlag::kNoAddress)));
  if (fits && (address == WantedAddress::kAny || !event.has(EventFlag::kNoAddress))) return true;
  event = Event{};
  event.flags = flags;
  return false;
}

bool EventParser::Impl::build(const RawRecord& raw, const Candidates& candidates, Storage& storage, Event& event) {
  return builder.build(raw, candidates, clues, {storage.headers, storage.texts}, event);
}

// By how the line begins, behind what a shipper put before it: no client's text stands there.
bool EventParser::Impl::skips_line(std::string_view line) const {
  for (int layer = 0; layer <= kLayersMax; ++layer) {
    for (const SkipRule& rule : options.profile.skips)
      if (rule.pointer.empty() && begins_like(line, rule.value)) return true;
    const auto rest = without_line_prefix(line);
    if (rest.size() == line.size()) return false;
    line = rest;
  }
  return false;
}

bool EventParser::Impl::skips_object() const {
  return std::any_of(outer_slots.skips.begin(), outer_slots.skips.end(), [this](const OuterSlots::Skip& skip) {
    const auto* value = outer_fields.at(skip.slot);
    return value != nullptr &&
           (skip.rule->value.empty() || (value->is_text() && is_like(value->text, skip.rule->value)));
  });
}

EventStorage::EventStorage() : impl_(std::make_unique<Impl>()) {}
EventStorage::~EventStorage() = default;
EventStorage::EventStorage(EventStorage&&) noexcept = default;
EventStorage& EventStorage::operator=(EventStorage&&) noexcept = default;

EventParser::EventParser(InputOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
EventParser::~EventParser() = default;
EventParser::EventParser(EventParser&&) noexcept = default;
EventParser& EventParser::operator=(EventParser&&) noexcept = default;

void EventParser::begin(std::string_view record, EventTime reference) {
  impl_->begin(record, reference);
}

EventParser::Next EventParser::next(EventStorage& storage, Event& event, ParseOutcome& outcome) {
  return impl_->next(*storage.impl_, event, outcome);
}

ParseOutcome EventParser::parse(std::string_view record, EventStorage& storage, Event& event) {
  ParseOutcome outcome;
  begin(record);
  const Next first = next(storage, event, outcome);
  if (first == Next::kSkip) return {RejectReason::kUnknownLine, "a line that the profile skips"};
  return outcome;
}

ParseOutcome EventParser::parse(std::string_view record, Event& event) {
  return parse(record, impl_->own_storage, event);
}

}  // namespace weir
