#include "app/notify/webhook.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <mutex>

namespace weir {
namespace {

constexpr Milliseconds kWaitMax{3'600'000};
constexpr long kNoRedirects = 0, kOn = 1, kNameToo = 2;

template <auto Free>
struct CurlDeleter {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using CurlHandle = std::unique_ptr<CURL, CurlDeleter<&curl_easy_cleanup>>;
using CurlList = std::unique_ptr<curl_slist, CurlDeleter<&curl_slist_free_all>>;

/// The status says all; what the receiver writes besides is read so that the connection can be used again.
size_t pass_over(char*, size_t size, size_t count, void*) {
  return size * count;
}

/// Whatever stands in the topic, it shall end no header.
bool fits_header(std::string_view text) {
  constexpr size_t kBytesMax = 200;
  return !text.empty() && text.size() <= kBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void append(CurlList& list, const std::string& header) {
  curl_slist* const longer = curl_slist_append(list.get(), header.c_str());
  if (longer == nullptr) return;
  static_cast<void>(list.release());
  list.reset(longer);
}

}  // namespace

struct Webhook::Impl {
  CurlHandle curl;
  Secret authorization;
  std::array<char, CURL_ERROR_SIZE> error{};

  template <typename Value>
  void set(CURLoption option, Value value) {
    if (const CURLcode code = curl_easy_setopt(curl.get(), option, value); code != CURLE_OK && problem == CURLE_OK)
      problem = code;
  }
  CURLcode problem = CURLE_OK;
};

std::string WebhookAnswer::to_string() const {
  if (status == 0) return problem;
  std::string text = "the receiver answered " + std::to_string(status);
  if (wait) text.append(" and asks to wait ").append(std::to_string(wait->count() / 1000)).append(" s");
  return text;
}

Webhook::Webhook() : impl_(std::make_unique<Impl>()) {}
Webhook::~Webhook() = default;

Result<std::unique_ptr<Webhook>> Webhook::open(const NotifyConfig& config, std::string_view version) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  std::unique_ptr<Webhook> webhook(new Webhook);
  Impl& impl = *webhook->impl_;
  impl.curl.reset(curl_easy_init());
  if (impl.curl == nullptr) return fail(ErrorCode::kInternal, "notify", "libcurl cannot be set up");
  impl.authorization = config.authorization;
  impl.set(CURLOPT_PROTOCOLS_STR, "http,https");
  impl.set(CURLOPT_URL, config.url.reveal().c_str());
  impl.set(CURLOPT_SSL_VERIFYPEER, kOn);
  impl.set(CURLOPT_SSL_VERIFYHOST, kNameToo);
  if (!config.ca_file.empty()) impl.set(CURLOPT_CAINFO, config.ca_file.c_str());
  impl.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  impl.set(CURLOPT_FOLLOWLOCATION, kNoRedirects);
  impl.set(CURLOPT_NOSIGNAL, kOn);
  impl.set(CURLOPT_TIMEOUT_MS, static_cast<long>(config.timeout.count()));
  impl.set(CURLOPT_USERAGENT, ("weir/" + std::string(version)).c_str());
  impl.set(CURLOPT_WRITEFUNCTION, &pass_over);
  impl.set(CURLOPT_ERRORBUFFER, impl.error.data());
  if (impl.problem != CURLE_OK)
    return fail(ErrorCode::kInvalidArgument, "notify", std::string("libcurl: ") + curl_easy_strerror(impl.problem));
  return webhook;
}

WebhookAnswer Webhook::post(const std::string& body, const std::string& id) {
  Impl& impl = *impl_;
  CURL* const curl = impl.curl.get();
  CurlList headers;
  append(headers, "Content-Type: application/json");
  append(headers, "Expect:");  // the body goes at once
  if (fits_header(id)) append(headers, "Idempotency-Key: " + id);
  if (!impl.authorization.empty()) append(headers, "Authorization: " + impl.authorization.reveal());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  impl.error[0] = '\0';
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
  WebhookAnswer answer;
  if (code != CURLE_OK) {
    // The library's longer text may name the URL's host, never its path; of what is secret only that is told.
    answer.problem = curl_easy_strerror(code);
    return answer;
  }
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  curl_off_t seconds = 0;
  if (curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
    answer.wait = std::min(Milliseconds(std::min<curl_off_t>(seconds, kWaitMax.count()) * 1000), kWaitMax);
  return answer;
}

}  // namespace weir
