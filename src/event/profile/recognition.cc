#include "event/profile/recognition.h"

#include <algorithm>
#include <array>
#include <map>

#include "event/event_parser.h"
#include "event/json/json_reader.h"
#include "event/json/near_json.h"
#include "event/json/pointer_table.h"
#include "event/line_prefix.h"
#include "event/profile/inferred_profile.h"
#include "event/record_fields.h"
#include "event/text/text_reader.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;

/// Where shippers put the line or the record, and lists of them.
constexpr std::array<std::string_view, 32> kPayloads{
    "/message", "/log",    "/MESSAGE",  "/payload",        "/event/original", "/body",          "/@message",
    "/msg",     "/line",   "/_raw",     "/record",         "/textPayload",    "/event",         "/content",
    "/text",    "/raw",    "/MSG",      "/short_message",  "/full_message",   "/log/message",   "/event/message",
    "/Message", "/rawlog", "/original", "/log_line",       "/jsonPayload",    "/log_processed", "/fields/message",
    "/data",    "/value",  "/_source",  "/_source/message"};
constexpr std::array<std::string_view, 8> kLists{"/records", "/logEvents", "/Records", "/events",
                                                 "/logs",    "/entries",   "/items",   "/data"};

// A form made up from the lines must have 21 points where the best profile has 20.
constexpr uint64_t kMadeUpOf = 21, kMadeUpPer = 20;

/// In place of one pointer: all that were seen, for envelopes within envelopes.
constexpr std::string_view kAllPayloads = "all";

/// What each field tells about a way of reading being right.
constexpr uint64_t points_of(ProfileFieldIndex field) {
  switch (field) {
    case kFieldClientIp:
    case kFieldTarget:
    case kFieldPath:
      return 8;
    case kFieldTime:
    case kFieldMethod:
      return 6;
    case kFieldStatus:
    case kFieldUserAgent:
    case kFieldHeaders:
    case kFieldQuery:
      return 4;
    default:
      return 1;
  }
}

uint64_t points_of(const Event& event) {
  uint64_t points = 1;
  for (unsigned i = 0; i < kFieldCount; ++i)
    if ((event.fields_read >> i & 1) != 0) points += points_of(static_cast<ProfileFieldIndex>(i));
  const bool whole = !event.has(EventFlag::kSalvaged) && event.fields_unread == 0;
  return whole ? points : points / 2;
}

/// Which of the pointers the lines have, at their root or in the items of a list there.
class Shape {
 public:
  explicit Shape(std::span<const std::string_view> lines) {
    std::vector<std::string> pointers(kPayloads.begin(), kPayloads.end());
    pointers.insert(pointers.end(), kLists.begin(), kLists.end());
    const auto table = PointerTable::compile(pointers);
    RecordFields fields(*table, {});
    JsonDocument document;
    Arena arena;
    for (const auto line : lines) {
      const size_t at = find_json_object(line);
      if (at == std::string_view::npos) continue;
      const auto loaded = reader_.load(line.substr(at), document);
      dom::object object;
      if (loaded.reason != RejectReason::kNone || loaded.root.get(object) != simdjson::SUCCESS) continue;
      look_at(object, *table, fields, arena);
    }
  }

  /// The texts at each pointer to a payload.
  PayloadTexts payload_texts;
  /// Pointers to payloads (at the root, or in items), to payloads within payloads, and to lists, that at least one line has.
  std::vector<std::string> payloads, inner_payloads, lists;

 private:
  void look_at(const dom::object& object, const PointerTable& table, RecordFields& fields, Arena& arena) {
    fields.gather(object, arena);
    std::vector<std::string> texts;
    for (const auto pointer : kPayloads) {
      const auto* value = take_payload(pointer, table, fields, payloads);
      if (value != nullptr && value->is_text() && value->text.starts_with('{')) texts.emplace_back(value->text);
    }
    std::vector<dom::object> items;
    for (const auto pointer : kLists) {
      const auto* value = fields.at(table.slot_of(pointer));
      dom::array list;
      if (value == nullptr || value->kind != RawValue::Kind::kNested ||
          fields.nested(*value).get(list) != simdjson::SUCCESS)
        continue;
      note(pointer, true, lists);
      dom::object item;
      if (list.begin() != list.end() && (*list.begin()).get(item) == simdjson::SUCCESS) items.push_back(item);
    }
    for (const dom::object& item : items) {
      fields.gather(item, arena);
      for (const auto pointer : kPayloads)
        take_payload(pointer, table, fields, payloads);
    }
    for (const std::string& text : texts) {
      dom::object inner;
      const auto loaded = reader_.load(text, inner_document_);
      if (loaded.reason != RejectReason::kNone || loaded.root.get(inner) != simdjson::SUCCESS) continue;
      fields.gather(inner, arena);
      for (const auto pointer : kPayloads)
        take_payload(pointer, table, fields, inner_payloads);
    }
    arena.clear();
  }

  const RawValue* take_payload(std::string_view pointer, const PointerTable& table, const RecordFields& fields,
                               std::vector<std::string>& pointers) {
    const auto* value = fields.at(table.slot_of(pointer));
    note(pointer, value != nullptr, pointers);
    if (value != nullptr && value->is_text()) payload_texts[std::string(pointer)].emplace_back(value->text);
    return value;
  }

  JsonReader reader_{64};
  JsonDocument inner_document_;

  static void note(std::string_view pointer, bool is_there, std::vector<std::string>& pointers) {
    if (is_there && std::find(pointers.begin(), pointers.end(), pointer) == pointers.end())
      pointers.emplace_back(pointer);
  }
};

RecognitionCandidate try_profile(const InputProfile& profile, std::span<const std::string_view> lines,
                                 const InputOptions& given) {
  RecognitionCandidate candidate;
  InputOptions options = given;
  options.profile = profile;
  EventParser parser(options);
  EventStorage storage;
  Event event;
  ParseOutcome outcome;
  uint32_t seen = 0;
  EventTime last{};
  for (const auto line : lines) {
    parser.begin(line, last);
    size_t requests = 0;
    uint64_t points = 0;
    bool read = true;
    for (auto next = parser.next(storage, event, outcome); next != EventParser::Next::kEnd;
         next = parser.next(storage, event, outcome)) {
      if (next == EventParser::Next::kReject) read = false;
      if (next != EventParser::Next::kEvent) continue;
      ++requests;
      points += points_of(event);
      seen |= event.fields_read;
      if (!event.has(EventFlag::kNoTime)) last = event.time;
    }
    if (read) ++candidate.lines_read;
    candidate.requests += requests;
    candidate.points += points;
  }
  for (const auto field : {kFieldTime, kFieldClientIp, kFieldUserAgent, kFieldQuery})
    if ((seen >> field & 1) == 0) candidate.missing.push_back(field);
  candidate.profile = profile;
  return candidate;
}

size_t pointer_count(const InputProfile& profile) {
  size_t count = 0;
  for (const auto& field : profile_fields())
    count += (profile.*field.mapping).pointers.size();
  return count;
}

// The text format that a line has, without what stands before it.
std::string text_form_of(const InputProfile& profile, std::span<const std::string_view> lines) {
  std::vector<std::string_view> fields;
  for (auto line : lines) {
    for (int layer = 0; layer < 5; ++layer) {
      for (const TextFormat& format : profile.texts)
        if (TextReader(format).read(trimmed_line(line), fields) == TextFit::kWhole) return format.name;
      line = without_line_prefix(line);
    }
  }
  return {};
}

// The lines, or what stands in their envelopes.
std::vector<std::string_view> texts_at(const std::string& payload, const std::vector<std::string_view>& lines,
                                       const PayloadTexts& payload_texts) {
  if (payload.empty()) return lines;
  std::vector<std::string_view> texts;
  for (const auto& [pointer, values] : payload_texts)
    if (pointer == payload || payload == kAllPayloads) texts.insert(texts.end(), values.begin(), values.end());
  return texts;
}

// By what was read; then fewer envelopes, the better known profile, and the one that is more about just this source.
bool is_better(const RecognitionCandidate& a, const RecognitionCandidate& b) {
  if (a.points != b.points) return a.points > b.points;
  const auto layers = [](const RecognitionCandidate& candidate) {
    return candidate.profile.unwrap.size() + !candidate.profile.split.empty();
  };
  if (layers(a) != layers(b)) return layers(a) < layers(b);
  if (a.profile.priority != b.profile.priority) return a.profile.priority > b.profile.priority;
  return pointer_count(a.profile) < pointer_count(b.profile);
}

// A shipped profile is better known: what was made up must read clearly more.
void add_made_up(std::span<const std::string_view> lines, const PayloadTexts& payload_texts,
                 const InputOptions& options, const ProfileCatalog& catalog,
                 std::vector<RecognitionCandidate>& candidates) {
  uint64_t best = 0;
  for (const auto& known : candidates)
    best = std::max(best, known.points);
  for (InferredProfile& made_up : infer_profiles(lines, payload_texts, catalog)) {
    auto candidate = try_profile(made_up.profile, lines, options);
    if (candidate.requests == 0 || candidate.points * kMadeUpPer <= best * kMadeUpOf) continue;
    candidate.made_up = std::move(made_up.file_text);
    candidates.push_back(std::move(candidate));
  }
}

}  // namespace

namespace {

std::string joined(const std::vector<std::string>& pointers) {
  std::string all;
  for (const auto& pointer : pointers)
    all += (all.empty() ? "" : " and ") + pointer;
  return all;
}

}  // namespace

std::string describe(const RecognitionCandidate& candidate) {
  std::string text = candidate.made_up.empty() ? candidate.profile.name : "a form of its own, told from its lines";
  if (candidate.made_up.empty() && !candidate.text_form.empty() && candidate.text_form != candidate.profile.name)
    text += " " + candidate.text_form;
  if (!candidate.profile.split.empty()) text += ", split at " + candidate.profile.split;
  if (!candidate.profile.unwrap.empty()) text += ", unwrapped from " + joined(candidate.profile.unwrap);
  return text;
}

Recognition recognise_format(std::span<const std::string_view> all, const InputOptions& options,
                             const ProfileCatalog& catalog) {
  std::vector<std::string_view> lines;
  for (const auto line : all) {
    if (lines.size() == kRecognitionLinesMax) break;
    if (!trimmed_line(line).empty() && line.size() <= kRecognitionLineBytesMax) lines.push_back(line);
  }
  Recognition recognition;
  recognition.lines = lines.size();
  Shape shape(lines);
  const auto payload_texts = std::move(shape.payload_texts);
  shape.payloads.insert(shape.payloads.begin(), "");
  if (!shape.inner_payloads.empty()) shape.payloads.emplace_back(kAllPayloads);
  shape.lists.insert(shape.lists.begin(), "");
  for (const ProfileFile& file : catalog.profiles()) {
    for (const std::string& list : shape.lists) {
      for (const std::string& payload : shape.payloads) {
        InputProfile profile = file.profile;
        if (payload == kAllPayloads) {
          profile.unwrap = shape.payloads;
          profile.unwrap.insert(profile.unwrap.end(), shape.inner_payloads.begin(), shape.inner_payloads.end());
          std::erase_if(profile.unwrap, [](const std::string& text) { return text.empty() || text == kAllPayloads; });
        }
        if (list == profile.split && !list.empty()) continue;  // as the profile is
        if (!list.empty()) profile.split = list;
        if (!payload.empty() && payload != kAllPayloads) profile.unwrap = {payload};
        auto candidate = try_profile(profile, lines, options);
        if (candidate.requests == 0) continue;
        candidate.text_form = text_form_of(profile, texts_at(payload, lines, payload_texts));
        recognition.candidates.push_back(std::move(candidate));
      }
    }
  }
  add_made_up(lines, payload_texts, options, catalog, recognition.candidates);
  std::stable_sort(recognition.candidates.begin(), recognition.candidates.end(), is_better);
  return recognition;
}

}  // namespace weir
