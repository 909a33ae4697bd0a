#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "alert/alert_encoder.h"
#include "alert/fernet.h"
#include "base/result.h"

namespace weir {

/// Encrypts what an encoder wrote of the request (AL4). What an alert is about and how grave it is stays readable; its
/// evidence becomes one Fernet token. The token's time is the alert's, and its IV is made from key, id and evidence: so the same
/// alert gives the same bytes, which delivery exactly once rests on.
class EncryptingEncoder final : public AlertEncoder {
 public:
  EncryptingEncoder(std::shared_ptr<const AlertEncoder> inner, FernetKeys keys)
      : inner_(std::move(inner)), keys_(std::move(keys)) {}

  [[nodiscard]] std::string value_of(const Alert& alert) const override;
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> headers_of(const Alert& alert) const override {
    return inner_->headers_of(alert);
  }

 private:
  std::shared_ptr<const AlertEncoder> inner_;
  FernetKeys keys_;
};

/// The token in an alert's JSON; empty when it has none, also when it is no alert.
std::string encrypted_evidence(std::string_view alert_json);

/// The alert as it was before it was encrypted. One without a token is given back as it is. Errors as FernetKeys::decrypt's.
Result<std::string> decrypt_alert(std::string_view alert_json, const FernetKeys& keys, FernetKeys::Age age);

}  // namespace weir
