#include "kafka/check/credential_check.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>

namespace weir {
namespace {

constexpr int kDaysLeftMin = 21;
constexpr std::string_view kCaFile = "kafka.security.ca_file";
constexpr std::string_view kCertificateFile = "kafka.security.certificate_file";
constexpr std::string_view kKeyFile = "kafka.security.key_file";

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

/// Hands the password over; without one the key must not be encrypted (OpenSSL would ask on the terminal).
int give_password(char* buffer, int size, int, void* password) {
  const std::string& text = static_cast<const Secret*>(password)->reveal();
  if (text.size() > static_cast<size_t>(size)) return -1;
  text.copy(buffer, text.size());
  return static_cast<int>(text.size());
}

class CredentialCheck {
 public:
  explicit CredentialCheck(const Config& config) : config_(config), security_(config.kafka.security) {}

  Diagnostics run() {
    check_authorities();
    const Certificate certificate = check_certificate();
    const Key key = check_key();
    if (certificate && key && X509_check_private_key(certificate.get(), key.get()) != 1) {
      error(kKeyFile,
            "kafka.security.key_file " + security_.key_file + " is not the key of the certificate in " +
                security_.certificate_file,
            "take the two files that were made together");
    }
    ERR_clear_error();
    return std::move(found_);
  }

 private:
  void error(std::string_view path, std::string message, std::string hint) {
    found_.push_back(config_.finding(Diagnostic::Severity::kError, path, std::move(message), std::move(hint)));
  }

  Bio open(std::string_view path, const std::string& file) {
    errno = 0;
    Bio bio(BIO_new_file(file.c_str(), "r"));
    if (!bio)
      error(path, std::string(path) + " " + file + " cannot be read: " + std::strerror(errno),
            "weir's user must be able to read it");
    return bio;
  }

  static Certificate next_certificate(const Bio& bio) {
    return Certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  }

  /// Of a list of authorities some may be old; weir can work as long as one is good.
  void check_authorities() {
    if (security_.ca_file.empty()) return;
    const Bio bio = open(kCaFile, security_.ca_file);
    if (!bio) return;
    size_t count = 0, expired = 0;
    while (const Certificate certificate = next_certificate(bio)) {
      ++count;
      if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) ++expired;
    }
    if (count == 0) {
      error(kCaFile, "kafka.security.ca_file " + security_.ca_file + " holds no certificate in PEM form",
            "its lines begin with -----BEGIN CERTIFICATE-----");
    } else if (expired == count) {
      error(kCaFile, "kafka.security.ca_file " + security_.ca_file + ": every certificate in it has expired",
            "take the authority's present certificate");
    }
  }

  Certificate check_certificate() {
    if (security_.certificate_file.empty()) return nullptr;
    const std::string& file = security_.certificate_file;
    const Bio bio = open(kCertificateFile, file);
    if (!bio) return nullptr;
    Certificate certificate = next_certificate(bio);
    if (!certificate) {
      error(kCertificateFile, "kafka.security.certificate_file " + file + " holds no certificate in PEM form",
            "its lines begin with -----BEGIN CERTIFICATE-----");
      return nullptr;
    }
    check_validity(*certificate, file);
    return certificate;
  }

  void check_validity(const X509& certificate, const std::string& file) {
    const std::string which = "kafka.security.certificate_file " + file;
    if (X509_cmp_current_time(X509_get0_notBefore(&certificate)) > 0)
      error(kCertificateFile, which + " is not valid yet", "check this machine's clock and the certificate's dates");
    int days = 0, seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, nullptr, X509_get0_notAfter(&certificate)) != 1) return;
    if (days < 0 || seconds < 0) {
      error(kCertificateFile, which + " has expired", "have a new one issued");
    } else if (days < kDaysLeftMin) {
      found_.push_back(config_.finding(Diagnostic::Severity::kWarning, kCertificateFile,
                                       which + " expires in " + std::to_string(days) + " days",
                                       "have a new one issued"));
    }
  }

  Key check_key() {
    if (security_.key_file.empty()) return nullptr;
    const Bio bio = open(kKeyFile, security_.key_file);
    if (!bio) return nullptr;
    Secret password = security_.key_password;
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_password, &password));
    if (!key) {
      const bool has_password = !security_.key_password.empty();
      error(kKeyFile,
            "kafka.security.key_file " + security_.key_file + " holds no private key in PEM form that " +
                (has_password ? "kafka.security.key_password opens" : "opens without a password"),
            has_password
                ? "check the password, and that it is the key's file"
                : "check that it is the key's file; for an encrypted key set kafka.security.key_password_file");
    }
    return key;
  }

  const Config& config_;
  const KafkaSecurity& security_;
  Diagnostics found_;
};

}  // namespace

Diagnostics check_credentials(const Config& config) {
  return CredentialCheck(config).run();
}

std::optional<double> certificate_end(const Config& config) {
  const std::string& file = config.kafka.security.certificate_file;
  if (file.empty()) return std::nullopt;
  const Bio bio(BIO_new_file(file.c_str(), "r"));
  if (!bio) return std::nullopt;
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  std::tm end{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) return std::nullopt;
  return static_cast<double>(::timegm(&end));
}

}  // namespace weir
