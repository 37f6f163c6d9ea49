import { threadsAgree } from "./agreement.js";

threadsAgree();
