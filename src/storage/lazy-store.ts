import type {
  CheckOptions,
  FindOptions,
  OpenOptions,
  StoredVideo,
  VideoStore,
  VideoWrite,
  WriteOwner,
} from './port.js';

/** A store whose code is loaded when it is first used: the AWS SDK costs a directory's users nothing. */
export class LazyStore implements VideoStore {
  private loading: Promise<VideoStore> | null = null;

  constructor(
    readonly description: string,
    private readonly load: () => Promise<VideoStore>,
  ) {}

  async check(key: string, options: CheckOptions): Promise<void> {
    await (await this.store()).check(key, options);
  }

  async find(key: string, options?: FindOptions): Promise<StoredVideo | null> {
    return await (await this.store()).find(key, options);
  }

  async open(key: string, options: OpenOptions): Promise<VideoWrite> {
    return await (await this.store()).open(key, options);
  }

  async sweep(key: string, owner: WriteOwner): Promise<void> {
    await (await this.store()).sweep(key, owner);
  }

  private async store(): Promise<VideoStore> {
    this.loading ??= this.load();
    try {
      return await this.loading;
    } catch (error) {
      this.loading = null; // what kept it from loading, a missing setting for one, may be mended
      throw error;
    }
  }
}
