/** The component's variable with that name, as it is now; a `HostError` where there is none. */
export declare function variable(name: string): string;
