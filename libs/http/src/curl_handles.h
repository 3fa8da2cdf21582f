#pragma once

#include <curl/curl.h>

#include <memory>

namespace postrider {

struct EasyCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};
struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

using EasyHandle = std::unique_ptr<CURL, EasyCleanup>;
using MultiHandle = std::unique_ptr<CURLM, MultiCleanup>;

/// Initialises libcurl for the process the first time it is called, and looks whether it has what
/// we need; any thread. Throws std::runtime_error that names what is missing.
void RequireCurl();

/// Throws std::bad_alloc when there is no memory.
EasyHandle MakeEasyHandle();
MultiHandle MakeMultiHandle();

/// An option that can only fail by a mistake of ours or for lack of memory: throws
/// std::runtime_error that names the option's number.
template <typename Value>
void SetOption(CURL* easy, CURLoption option, Value value);

void ThrowOptionFailed(int option, CURLcode code);

template <typename Value>
void SetOption(CURL* easy, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(easy, option, value);
  if (code != CURLE_OK) ThrowOptionFailed(static_cast<int>(option), code);
}

}  // namespace postrider
