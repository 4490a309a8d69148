#pragma once
/* Faults of the system around a process that is started with LD_PRELOAD naming this library.

   SHEARLING_FAULT="CALL ERRNO SKIP PART": of the calls of this kind on a path that contains PART, the first SKIP go through
   and all others fail with ERRNO. Kinds: open, mkdir, rename, read, write (pwrite too), fsync.
   SHEARLING_CLOCK=1: each look at the time of day gives another one, days off in either direction. */
