#include "app/terminal/interruption.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace weir {

Interruption::Interruption() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGINT);
  sigaddset(&wanted, SIGTERM);
  signals_ = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ >= 0) ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
}

Interruption::~Interruption() {
  if (signals_ < 0) return;
  ::close(signals_);
  if (!requested_) ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Interruption::requested() {
  if (requested_ || signals_ < 0) return requested_;
  signalfd_siginfo info{};
  if (::read(signals_, &info, sizeof info) != sizeof info) return false;
  requested_ = true;
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  return true;
}

void Interruption::wait(int descriptor, int milliseconds) {
  // A negative descriptor is passed over by poll().
  pollfd wanted[2] = {{descriptor, POLLIN, 0}, {signals_, POLLIN, 0}};
  ::poll(wanted, 2, milliseconds);
}

}  // namespace weir
