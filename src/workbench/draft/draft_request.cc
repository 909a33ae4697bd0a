#include "workbench/draft/draft_request.h"

#include "workbench/draft/clue.h"

namespace weir {
namespace {

constexpr size_t kHeadersMax = 20;
constexpr PlaceMask kBodyPlaces = mask_of(Place::kForm) | mask_of(Place::kJson) | mask_of(Place::kMultipart) |
                                  mask_of(Place::kXml) | mask_of(Place::kBody) | mask_of(Place::kXmlDocument);

class ExampleText {
 public:
  explicit ExampleText(const Masker& masker) : masker_(masker) {}

  void field(const char* name, const std::string& value) {
    if (!value.empty()) add(name, masked(value, masker_.text(value)));
  }
  void headers(const std::vector<std::pair<std::string, std::string>>& headers) {
    std::string map;
    for (size_t i = 0; i < headers.size() && i < kHeadersMax; ++i) {
      const auto& [name, value] = headers[i];
      map += (map.empty() ? "" : ", ") + yaml_scalar(name) + ": " + masked(value, masker_.value(name, value));
    }
    if (!map.empty()) add("headers", "{" + map + "}");
  }
  DraftExample finish() {
    example_.yaml = "{" + (text_.empty() ? "path: '/'" : text_) + "}";
    return std::move(example_);
  }

 private:
  void add(const char* name, const std::string& value) {
    text_ += (text_.empty() ? "" : ", ") + std::string(name) + ": " + value;
  }
  std::string masked(const std::string& value, const std::string& shown) {
    if (shown != value)
      (value.size() > Masker::kTextBytesMax && value.starts_with(shown) ? example_.is_cut : example_.is_masked) = true;
    return yaml_scalar(shown);
  }

  const Masker& masker_;
  std::string text_;
  DraftExample example_;
};

}  // namespace

DraftRequest::DraftRequest(const Event& event)
    : method(event.method),
      host(event.host),
      path(event.path),
      query(event.query),
      content_type(event.content_type),
      body(event.body),
      cookie(event.cookie),
      user_agent(event.user_agent),
      referer(event.referer) {
  for (const Header& header : event.headers)
    headers.emplace_back(header.name, header.value);
}

DraftExample example_of(const DraftRequest& request, PlaceMask looked_at, const Masker& masker) {
  ExampleText text(masker);
  const auto looks = [&](Place place) { return (looked_at & mask_of(place)) != 0; };
  const bool has_body = (looked_at & kBodyPlaces) != 0 && !request.body.empty();
  const bool is_usual = request.method == (has_body ? "POST" : "GET");
  if (!is_usual) text.field("method", request.method);
  if (looks(Place::kHost)) text.field("host", request.host);
  if (request.path != "/") text.field("path", request.path);
  text.field("query", request.query);
  if (has_body) text.field("content_type", request.content_type);
  if (has_body) text.field("body", request.body);
  if (looks(Place::kCookie)) text.field("cookie", request.cookie);
  if (looks(Place::kUserAgent)) text.field("user_agent", request.user_agent);
  if (looks(Place::kReferer)) text.field("referer", request.referer);
  if (looks(Place::kHeader)) text.headers(request.headers);
  return text.finish();
}

}  // namespace weir
