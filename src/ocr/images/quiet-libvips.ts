/** libvips reads this when it starts: its own warnings (a strange colour profile, …) never reach people's terminals. */
process.env['VIPS_WARNING'] ??= '1';
