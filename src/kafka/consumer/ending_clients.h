#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace weir {

/// Destroys clients that were given up on threads of their own: the library may take its time to let go of one whose
/// connection is stuck. The destructor waits for all of them. One thread uses it.
class EndingClients {
 public:
  EndingClients() = default;
  EndingClients(const EndingClients&) = delete;
  EndingClients& operator=(const EndingClients&) = delete;
  ~EndingClients() {
    for (Ending& ending : endings_)
      ending.thread.join();
  }

  /// Takes over any object whose destruction may block.
  template <typename T>
  void end(T client) {
    std::erase_if(endings_, [](Ending& ending) {
      const bool done = ending.done->load(std::memory_order_acquire);
      if (done) ending.thread.join();
      return done;
    });
    auto done = std::make_shared<std::atomic<bool>>(false);
    std::thread thread([done, held = std::move(client)]() mutable {
      { const T last = std::move(held); }
      done->store(true, std::memory_order_release);
    });
    endings_.push_back({std::move(thread), std::move(done)});
  }

 private:
  struct Ending {
    std::thread thread;
    std::shared_ptr<std::atomic<bool>> done;
  };
  std::vector<Ending> endings_;
};

}  // namespace weir
