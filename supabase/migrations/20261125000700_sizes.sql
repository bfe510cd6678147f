-- Sizes: how much there may be in what users write, so that nobody's rows make a list too long for everybody who reads it.

alter table public.tenants
add constraint tenants_settings_have_at_most_64_kb check (octet_length(settings::text) <= 65536);

alter table public.projects
add constraint projects_metadata_has_at_most_64_kb check (octet_length(metadata::text) <= 65536),
add constraint projects_original_idea_has_at_most_10000_characters check (length(original_idea) <= 10000),
add constraint projects_target_audience_has_at_most_1000_characters check (length(target_audience) <= 1000);

alter table public.batches
add constraint batches_options_have_at_most_64_kb check (octet_length(options::text) <= 65536);

alter table public.content_library
add constraint content_library_preview_has_at_most_2000_characters check (length(preview_text) <= 2000),
add constraint content_library_tags_have_at_most_16_kb check (
  octet_length(specific_tags::text) <= 16384 and octet_length(generic_tags::text) <= 16384
);

alter table public.scripts
add constraint scripts_content_has_at_most_1_mb check (octet_length(content::text) <= 1048576),
add constraint scripts_language_has_at_most_40_characters check (length(language) <= 40);

alter table public.scenes
add constraint scenes_texts_have_at_most_50000_characters check (
  length(voiceover_text) <= 50000 and length(visual_description) <= 50000 and length(heading) <= 50000
),
add constraint scenes_points_have_at_most_64_kb check (octet_length(points::text) <= 65536),
add constraint scenes_platform_specific_has_at_most_64_kb check (octet_length(platform_specific::text) <= 65536),
add constraint scenes_language_has_at_most_40_characters check (length(language) <= 40);
