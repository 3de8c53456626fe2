/** Upper bounds in seconds. Without bounds of its own a histogram ends at 10 s, which says nothing of a video. */
export const HISTOGRAM_BUCKETS = {
  longtake_poll_lag_seconds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600],
  longtake_download_duration_seconds: [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600],
  longtake_time_to_video_seconds: [10, 20, 30, 45, 60, 90, 120, 180, 240, 300, 450, 600, 900, 1200, 1800, 3600, 7200],
};
