// The module's first file; real files replace it.
