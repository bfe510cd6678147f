-- What each platform takes, as dated data. The lists of platforms in the original schema are foreign keys to this table.

create table public.platforms (
  platform text primary key,
  label text not null,
  aspect text not null check (aspect in ('16:9', '9:16', '1:1', '4:5')),
  width int not null check (width % 2 = 0 and width between 16 and 7680),
  height int not null check (height % 2 = 0 and height between 16 and 7680),
  min_duration_ms int not null default 0 check (min_duration_ms >= 0),
  max_duration_ms bigint not null check (max_duration_ms > min_duration_ms),
  max_size_bytes bigint not null check (max_size_bytes > 0),
  min_fps int not null default 23,
  max_fps int not null default 60 check (max_fps >= min_fps),
  max_gop_frames int not null check (max_gop_frames > 0),
  max_video_bit_rate int not null check (max_video_bit_rate > 0),
  audio_bit_rate int not null default 128000 check (audio_bit_rate between 32000 and 512000),
  refuses_edit_list boolean not null default false,
  thumbnail_width int not null,
  thumbnail_height int not null,
  max_thumbnail_bytes int not null default 2000000,
  max_title_chars int not null default 100,
  max_description_chars int not null default 2000,
  max_hashtags int not null default 10,
  is_offered boolean not null default true,
  source text not null default '',
  checked_on date
);
comment on table public.platforms is
  'Rules of each platform, dated, with their source. An operator may change a row when a platform changes its rules.';
comment on column public.platforms.is_offered is 'False for rows that only older data refers to; new batches refuse them.';
comment on column public.platforms.max_gop_frames is 'Longest distance between key frames, in frames.';
comment on column public.platforms.checked_on is 'When the rules were last read at their source.';

alter table public.platforms enable row level security;
create policy "Everybody signed in reads the platform rules" on public.platforms
for select to authenticated using (true);
grant select on public.platforms to authenticated;
grant select, insert, update on public.platforms to service_role;

insert into public.platforms (
  platform, label, aspect, width, height, min_duration_ms, max_duration_ms, max_size_bytes, min_fps, max_fps,
  max_gop_frames, max_video_bit_rate, audio_bit_rate, refuses_edit_list, thumbnail_width, thumbnail_height,
  max_thumbnail_bytes, max_title_chars, max_description_chars, max_hashtags, is_offered, source, checked_on
) values
('youtube', 'YouTube', '16:9', 1920, 1080, 1000, 43200000, 256000000000, 24, 60,
  15, 12000000, 192000, true, 1280, 720, 2000000, 100, 5000, 15, true, 'support.google.com/youtube/answer/1722171', '2025-11-01'),
('youtube_shorts', 'YouTube Shorts', '9:16', 1080, 1920, 1000, 180000, 256000000000, 24, 60,
  15, 12000000, 192000, true, 1080, 1920, 2000000, 100, 5000, 15, true, 'support.google.com/youtube/answer/15424877', '2025-11-01'),
('tiktok', 'TikTok', '9:16', 1080, 1920, 3000, 600000, 1000000000, 23, 60,
  60, 25000000, 128000, false, 1080, 1920, 2000000, 90, 2200, 10, true, 'developers.tiktok.com/doc/content-posting-api-media-transfer-guide', '2025-11-01'),
('instagram', 'Instagram Reels', '9:16', 1080, 1920, 3000, 90000, 300000000, 23, 60,
  60, 25000000, 128000, true, 1080, 1920, 2000000, 100, 2200, 10, true, 'developers.facebook.com/docs/instagram-platform', '2025-11-01'),
('linkedin', 'LinkedIn', '16:9', 1920, 1080, 3000, 1800000, 500000000, 10, 60,
  60, 30000000, 128000, false, 1280, 720, 2000000, 200, 3000, 10, true, 'linkedin.com/help/linkedin/answer/a548372', '2025-11-01'),
('twitter', 'X', '16:9', 1280, 720, 500, 140000, 512000000, 23, 60,
  60, 25000000, 128000, false, 1280, 720, 2000000, 100, 280, 5, true, 'docs.x.com/x-api/media', '2025-11-01'),
('universal', 'Any platform', '16:9', 1920, 1080, 0, 43200000, 256000000000, 1, 120,
  600, 100000000, 192000, false, 1280, 720, 2000000, 200, 5000, 30, false, 'material that belongs to no single platform', null);
