#include <signal.h>
#include <string.h>

#include "limequat_platform.h"

static volatile sig_atomic_t interrupted;

static void note(int signal) { interrupted = signal; }

void lmq_interruption_catch(void) {
  const int signals[] = {SIGINT, SIGTERM, SIGHUP};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
    struct sigaction action, before;
    // Whoever ignores a signal, as nohup does, goes on ignoring it.
    if (sigaction(signals[i], NULL, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    memset(&action, 0, sizeof action);
    action.sa_handler = note;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigaction(signals[i], &action, NULL);
  }
}

void lmq_quit_at_once(void) {
  // The Swift runtime would take it for a crash, report it and go on.
  struct sigaction before;
  if (sigaction(SIGQUIT, NULL, &before) == 0 && before.sa_handler != SIG_IGN) signal(SIGQUIT, SIG_DFL);
}

bool lmq_is_interrupted(void) { return interrupted != 0; }

void lmq_interruption_end(void) {
  signal((int)interrupted, SIG_DFL);
  raise((int)interrupted);
}
