#include "curl_handles.h"

#include <new>
#include <stdexcept>
#include <string>

// CURLOPT_QUICK_EXIT, without which a hanging DNS query stops the whole loop.
static_assert(LIBCURL_VERSION_NUM >= 0x075700, "libcurl 7.87 or newer is needed");

namespace postrider {
namespace {

void RequireFeature(const curl_version_info_data& info, int feature, const char* name) {
  if ((info.features & feature) != 0) return;
  throw std::runtime_error(std::string("libcurl ") + info.version + " was built without " + name +
                           ", which is needed; use the distribution's libcurl4 (OpenSSL)");
}

bool Initialise() {
  const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) {
    throw std::runtime_error(std::string("curl_global_init: ") + curl_easy_strerror(code));
  }
  const curl_version_info_data& info = *curl_version_info(CURLVERSION_NOW);
  RequireFeature(info, CURL_VERSION_ASYNCHDNS, "asynchronous DNS");
  RequireFeature(info, CURL_VERSION_SSL, "TLS");
  RequireFeature(info, CURL_VERSION_LIBZ, "zlib");
  return true;
}

}  // namespace

void RequireCurl() { [[maybe_unused]] static const bool initialised = Initialise(); }

EasyHandle MakeEasyHandle() {
  EasyHandle easy(curl_easy_init());
  if (!easy) throw std::bad_alloc();
  return easy;
}

MultiHandle MakeMultiHandle() {
  MultiHandle multi(curl_multi_init());
  if (!multi) throw std::bad_alloc();
  return multi;
}

void ThrowOptionFailed(int option, CURLcode code) {
  throw std::runtime_error("curl_easy_setopt " + std::to_string(option) + ": " +
                           curl_easy_strerror(code));
}

}  // namespace postrider
