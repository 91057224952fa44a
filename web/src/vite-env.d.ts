declare module '*.css'
declare module 'graphiql/graphiql.css'
declare module 'graphiql/setup-workers/vite'
