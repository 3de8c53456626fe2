/** One entry of `GET /videos/models`, in the words of the API. `null` means "not declared". */
export interface Model {
  readonly id: string;
  readonly canonical_slug: string;
  readonly name: string;
  /** Unix seconds. */
  readonly created: number;
  readonly description?: string;
  readonly supported_durations: readonly number[] | null;
  readonly supported_resolutions: readonly string[] | null;
  readonly supported_aspect_ratios: readonly string[] | null;
  readonly supported_sizes: readonly string[] | null;
  readonly supported_frame_images: readonly string[] | null;
  readonly generate_audio: boolean | null;
  readonly seed: boolean | null;
  readonly upscale_factor: readonly number[] | null;
  readonly creativity: readonly number[] | null;
  readonly allowed_passthrough_parameters: readonly string[];
  /** Decimal strings by SKU; absent or `null`: no price declared. */
  readonly pricing_skus?: Readonly<Record<string, string>> | null;
}
